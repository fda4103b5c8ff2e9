import { errorOf } from "../errno.ts";
import type { VirtualPath } from "../storage.ts";
import { isNamed } from "../walk.ts";
import type { Kinded, Place } from "./place.ts";

/** A rename that is asked for. */
export interface Rename {
  readonly from: Omit<Place, "entry">;
  readonly to: Omit<Place, "entry">;
  /** Whether it may replace what is there. */
  readonly replace: boolean;
}

/** Refuses to rename the root, `.` and `..`. */
export function requireNames({ from, to, replace }: Rename): void {
  if (!isNamed(from)) throw errorOf("EBUSY");
  if (!isNamed(to)) throw errorOf(replace ? "EBUSY" : "EEXIST");
}

/**
 * What rename(2), or renameat2(2) with `RENAME_NOREPLACE` if `replace` is not set, lets replace
 * what, checked in Linux's order.
 *
 * @param isEmpty Whether the directory at a path is empty.
 * @returns What is renamed; undefined if both are the same path, and nothing is to be done.
 */
export async function requireRenamable<E extends Kinded>(
  { from, to, replace }: Rename,
  { source, target }: { readonly source: E | undefined; readonly target: E | undefined },
  isEmpty: (path: VirtualPath) => Promise<boolean>,
): Promise<E | undefined> {
  if (source === undefined) throw errorOf("ENOENT");
  if (target !== undefined && !replace) throw errorOf("EEXIST");
  if (source.kind === "directory") {
    if (to.path.startsWith(from.path + "/")) throw errorOf("EINVAL");
  } else if (from.slash || to.slash) {
    throw errorOf("ENOTDIR");
  }
  if (from.path === to.path) return undefined;
  if (target?.kind === "directory") {
    if (from.path.startsWith(to.path + "/")) throw errorOf("ENOTEMPTY");
    if (source.kind !== "directory") throw errorOf("EISDIR");
    if (!await isEmpty(to.path)) throw errorOf("ENOTEMPTY");
  } else if (target !== undefined && source.kind === "directory") {
    throw errorOf("ENOTDIR");
  }
  return source;
}
