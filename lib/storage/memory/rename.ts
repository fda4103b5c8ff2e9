import type { VirtualPath } from "../storage.ts";
import { fault } from "./faults.ts";
import { DirectoryNode, isWithin } from "./node.ts";
import { isNamed, type Place, type Tree } from "./tree.ts";

/**
 * rename(2), or renameat2(2) with `RENAME_NOREPLACE` where `replace` is not
 * set: what may take whose place, in the order in which Linux asks.
 */
export function rename(
  tree: Tree,
  from: VirtualPath,
  to: VirtualPath,
  options: { readonly replace: boolean },
): void {
  const source = tree.walk(from, { follow: false });
  const target = tree.walk(to, { follow: false });
  if (!isNamed(source)) throw fault("EBUSY");
  if (!isNamed(target)) throw fault(options.replace ? "EBUSY" : "EEXIST");
  if (source.node === undefined) throw fault("ENOENT");
  if (target.node !== undefined && !options.replace) throw fault("EEXIST");
  if (source.node instanceof DirectoryNode) {
    if (isWithin(target.directory, source.node)) throw fault("EINVAL");
  } else if (source.slash || target.slash) {
    throw fault("ENOTDIR");
  }
  // Two names of one file: POSIX has both stay.
  if (source.node === target.node) return;
  refuseToReplace(source, target);
  tree.move(source, target);
}

function refuseToReplace(source: Place, { node }: Place): void {
  if (node instanceof DirectoryNode) {
    if (isWithin(source.directory, node)) throw fault("ENOTEMPTY");
    if (!(source.node instanceof DirectoryNode)) throw fault("EISDIR");
    if (node.entries.size > 0) throw fault("ENOTEMPTY");
  } else if (node !== undefined && source.node instanceof DirectoryNode) {
    throw fault("ENOTDIR");
  }
}
