import { FileType } from "../../../attrs.ts";
import { Errno } from "../../../linux/errno.ts";
import type { StatusReader } from "./status.ts";
import type { Bytes, Libc } from "../../../linux/libc.ts";
import { Rename } from "../../../linux/linux.ts";

const SLASH = 0x2f;

/** Errors of linkat if a file system has no hard links. */
const NO_LINKS: ReadonlySet<number> = new Set([
  Errno.EOPNOTSUPP,
  Errno.ENOSYS,
  Errno.EXDEV,
  Errno.EPERM,
]);

/** A name in an open directory. */
export interface NameAt {
  readonly directory: number;
  readonly name: Bytes;
}

/** What a rename needs of a root. */
export interface RenameContext {
  readonly libc: Libc;
  readonly reader: StatusReader;
}

/**
 * Renames, and fails if `to` exists; returns 0 or `-errno`.
 *
 * If the file system cannot do it in one step, a file gets its new name by link
 * and loses the old one by unlink, as in OpenSSH. For anything else, and without
 * hard links, `to` is looked up first: a file that appears there between the
 * check and the rename is replaced.
 */
export function renameNoReplace(from: NameAt, to: NameAt, context: RenameContext): number {
  const result = context.libc.renameat2(
    from.directory,
    from.name,
    to.directory,
    to.name,
    Rename.NOREPLACE,
  );
  if (result !== -Errno.EINVAL && result !== -Errno.ENOSYS) return result;
  return renameInSteps(from, to, context);
}

function renameInSteps(from: NameAt, to: NameAt, context: RenameContext): number {
  const { libc, reader } = context;
  const looked = lookAt(from, context);
  if (looked < 0) return looked;
  if (reader.type === FileType.REGULAR) {
    const linked = libc.linkat(from.directory, from.name, to.directory, to.name);
    if (linked === 0) return unlinkOld(from, to, libc);
    if (!NO_LINKS.has(-linked)) return linked;
  }
  const there = lookAt(to, context);
  if (there === 0) return -Errno.EEXIST;
  if (there !== -Errno.ENOENT) return there;
  return libc.renameat(from.directory, from.name, to.directory, to.name);
}

function unlinkOld(from: NameAt, to: NameAt, libc: Libc): number {
  const unlinked = libc.unlinkat(from.directory, from.name, 0);
  if (unlinked < 0) libc.unlinkat(to.directory, to.name, 0);
  return unlinked;
}

/**
 * Looks up the name without its closing `/`, with which fstatat would follow a link out of the
 * root.
 */
function lookAt({ directory, name }: NameAt, { reader }: RenameContext): number {
  const end = name.indexOf(0);
  if (name[end - 1] !== SLASH) return reader.lookAt(directory, name);
  const bare = name.slice(0, end);
  bare[end - 1] = 0;
  const looked = reader.lookAt(directory, bare);
  return looked === 0 && reader.type !== FileType.DIRECTORY ? -Errno.ENOTDIR : looked;
}
