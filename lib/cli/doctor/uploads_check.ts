import { Errno } from "../../linux/errno.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { AT_FDCWD, Lock, Open } from "../../linux/linux.ts";
import { mountOf } from "../jail/containment.ts";
import type { CheckedJail } from "./checked_jail.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** File systems on which a copy can share the blocks of what is copied. */
const WITH_REFLINKS: ReadonlySet<string> = new Set(["btrfs", "xfs", "bcachefs", "ocfs2"]);

/** What atomic uploads mean in this directory. */
export function* checkUploads({ directory, options }: CheckedJail): Iterable<Finding> {
  const { atomic, sync } = options.uploads;
  if (!atomic) return;
  const stored = sync ? ", and are on the disk by then" : "";
  yield ok(`uploads: files appear when they are complete${stored}`);
  const libc = openLibcIfAllowed();
  if (libc !== undefined && hasLocks(directory, libc)) {
    yield ok("uploads: what a broken one leaves is removed by the next session");
  } else {
    const reason = libc === undefined ? "there are no locks without --allow-ffi" : "no locks here";
    yield warn(`uploads: what a broken one leaves is removed after a day: ${reason}`);
  }
  const type = mountOf(directory)?.type;
  if (type !== undefined && !WITH_REFLINKS.has(type)) {
    yield ok(`uploads: to continue a file costs a copy of it, because ${type} has no reflinks`);
  }
}

/** Tries it with the directory itself, in which nothing changes. */
function hasLocks(directory: string, libc: Libc): boolean {
  const path = new TextEncoder().encode(`${directory}\0`);
  const fd = libc.openat(AT_FDCWD, path, Open.RDONLY | Open.DIRECTORY | Open.CLOEXEC);
  if (fd < 0) return false;
  const result = libc.flock(fd, Lock.EX | Lock.NB);
  libc.close(fd);
  return result === 0 || result === -Errno.EAGAIN;
}
