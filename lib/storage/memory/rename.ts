import type { VirtualPath } from "../storage.ts";
import { errorOf } from "../errno.ts";
import { DirectoryNode, isWithin } from "./node.ts";
import { isNamed } from "../walk.ts";
import type { Place, Tree } from "./tree.ts";

/**
 * rename(2), or renameat2(2) with `RENAME_NOREPLACE` if `replace` is not set. It
 * checks what may replace what in the order in which Linux does.
 */
export function rename(
  tree: Tree,
  from: VirtualPath,
  to: VirtualPath,
  options: { readonly replace: boolean },
): void {
  const source = tree.walk(from, { follow: false });
  const target = tree.walk(to, { follow: false });
  if (!isNamed(source)) throw errorOf("EBUSY");
  if (!isNamed(target)) throw errorOf(options.replace ? "EBUSY" : "EEXIST");
  if (source.node === undefined) throw errorOf("ENOENT");
  if (target.node !== undefined && !options.replace) throw errorOf("EEXIST");
  if (source.node instanceof DirectoryNode) {
    if (isWithin(target.directory, source.node)) throw errorOf("EINVAL");
  } else if (source.slash || target.slash) {
    throw errorOf("ENOTDIR");
  }
  // Two names of one file: POSIX keeps both.
  if (source.node === target.node) return;
  refuseToReplace(source, target);
  tree.move(source, target);
}

function refuseToReplace(source: Place, { node }: Place): void {
  if (node instanceof DirectoryNode) {
    if (isWithin(source.directory, node)) throw errorOf("ENOTEMPTY");
    if (!(source.node instanceof DirectoryNode)) throw errorOf("EISDIR");
    if (node.entries.size > 0) throw errorOf("ENOTEMPTY");
  } else if (node !== undefined && source.node instanceof DirectoryNode) {
    throw errorOf("ENOTDIR");
  }
}
