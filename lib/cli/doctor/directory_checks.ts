import { PERMISSION_BITS } from "../../attrs.ts";
import { Errno } from "../../linux/errno.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { AT_FDCWD, Lock, Open } from "../../linux/linux.ts";
import { mountOf, mountsBelow } from "../jail/containment.ts";
import { shellWord } from "../shell_word.ts";
import { bad, type Finding, ok, warn } from "./finding.ts";
import type { CheckedJail } from "./checked_jail.ts";
import { Access, mayAccess } from "./access.ts";

const EVERYONE_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;

/** File systems that show or change the machine itself. */
const OF_THE_KERNEL: ReadonlySet<string> = new Set([
  ...["proc", "sysfs", "devtmpfs", "devpts", "securityfs", "debugfs", "tracefs", "configfs"],
  ...["cgroup", "cgroup2", "efivarfs", "bpf"],
]);

/** File systems on which a copy can share the blocks of what is copied. */
const WITH_REFLINKS: ReadonlySet<string> = new Set(["btrfs", "xfs", "bcachefs", "ocfs2"]);

/** Whether the user may list the directory and, unless the session is read-only, write in it. */
export function* mayDo({ directory, options, who }: CheckedJail): Iterable<Finding> {
  const name = who.user ?? who.uid ?? "USER";
  const { uid } = Deno.lstatSync(directory);
  const owner = `directory: owned by user ${uid}`;
  const place = shellWord(directory);
  if (mayAccess(directory, Access.READ | Access.ENTER) === false) {
    yield bad(`${owner}, and ${name} may not read it`, `chown ${name}: ${place}`);
  } else if (options.readOnly) {
    yield ok(`${owner}, and served read-only`);
  } else {
    const may = mayAccess(directory, Access.WRITE) ?? (uid === who.uid || who.uid === undefined);
    if (may) yield ok(`${owner}, and ${name} may write in it`);
    else yield bad(`${owner}, and ${name} may not write in it`, `chown ${name}: ${place}`);
  }
}

/** A directory that all may write in lets other users of the machine change it. */
export function* writableByOthers({ directory }: CheckedJail): Iterable<Finding> {
  const bits = (Deno.lstatSync(directory).mode ?? 0) & PERMISSION_BITS;
  const mode = `directory: mode ${bits.toString(8)}`;
  if ((bits & EVERYONE_MAY_WRITE) !== 0) {
    yield bad(`${mode} lets every user write in it`, `chmod o-w ${shellWord(directory)}`);
  } else {
    yield ok((bits & GROUP_MAY_WRITE) === 0 ? mode : `${mode}: its group may write in it`);
  }
}

/** Mounts of the kernel's own file systems, which a bind mount of / brings along. */
export function* mountedBelow({ directory }: CheckedJail): Iterable<Finding> {
  for (const { point, type } of mountsBelow(directory)) {
    if (!OF_THE_KERNEL.has(type)) continue;
    const text = `directory: ${point} (${type}) shows this machine to the client`;
    yield warn(text, `umount ${shellWord(point)}`);
  }
}

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
