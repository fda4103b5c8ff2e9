import { FileType } from "../../../attrs.ts";
import type { VirtualPath } from "../../storage.ts";
import { Errno } from "../../../linux/errno.ts";
import { type KernelPaths, PathBuffer } from "./paths.ts";
import { check, NO_NAME, type StatusReader } from "./status.ts";
import type { Libc } from "../../../linux/libc.ts";
import { At, AT_FDCWD, Open } from "../../../linux/linux.ts";

/** What a change of mode needs of a root. */
export interface ChmodContext {
  readonly libc: Libc;
  readonly paths: KernelPaths;
  readonly reader: StatusReader;
}

/** How to change a mode. */
export interface ModeChange {
  /** The new permission bits. */
  readonly mode: number;
  /** `Open.NOFOLLOW` to act on a link itself. */
  readonly flags: number;
}

/**
 * Changes the mode of the file that `path` leads to. fchmod does not work here: a
 * file that may be neither read nor written can only be opened with O_PATH, and
 * fchmodat2, which takes such a descriptor, came with Linux 6.6.
 */
export function changeMode(path: VirtualPath, change: ModeChange, context: ChmodContext): void {
  const { libc, paths } = context;
  paths.use(path, Open.PATH | change.flags, (fd) => {
    const result = libc.fchmodat2(fd, NO_NAME, change.mode, At.EMPTY_PATH);
    // An old seccomp profile answers EPERM to each call that it does not know.
    if (result === -Errno.ENOSYS || result === -Errno.EPERM) {
      check(changeModeBefore66(fd, path, change, context));
    } else check(result);
  });
}

function changeModeBefore66(
  fd: number,
  path: VirtualPath,
  change: ModeChange,
  { libc, paths, reader }: ChmodContext,
): number {
  check(reader.lookAtOpen(fd));
  if (reader.type === FileType.SYMLINK) return -Errno.EOPNOTSUPP;
  // Landlock does not prevent this: it does not cover chmod.
  const ownDescriptor = new PathBuffer().set(`/proc/self/fd/${fd}`);
  const result = libc.fchmodat(AT_FDCWD, ownDescriptor, change.mode);
  if (result !== -Errno.ENOENT) return result;
  // There is no procfs. This may open another file than before, but one in the root.
  const flags = Open.NONBLOCK | Open.NOCTTY | change.flags;
  let opened = paths.tryOpen(path, Open.RDONLY | flags);
  if (opened === -Errno.EACCES) opened = paths.tryOpen(path, Open.WRONLY | flags);
  if (opened < 0) return opened;
  const changed = libc.fchmod(opened, change.mode);
  libc.close(opened);
  return changed;
}
