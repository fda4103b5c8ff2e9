import { encodeName, hasRawBytes } from "../../../names.ts";
import { errorOf } from "../../errno.ts";
import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import { BYTE_ORDER_MARK, keepsByteOrderMark } from "../database/byte_order_mark.ts";

/** The longest name in bytes, as Linux's `NAME_MAX`. */
export const NAME_MAX = 255;
/** The longest path in bytes, as Linux's `PATH_MAX` less its NUL. */
const PATH_MAX = 4095;

/** What no path can contain unchanged, with the signs that escape it. */
const SHOWN_REGEXP = /^%+\.{0,2}$/;
const UNSAYABLE_REGEXP = /^%*\.{0,2}$/;

/**
 * The `filename` of the file at a path. Each filename has one path and each path one filename, so
 * that nothing in a bucket is out of reach: a segment that no path can have (empty, `.`, `..`) is
 * shown with a `%` before it, and one that already looks like this gets another `%`.
 */
export function filenameOf(path: VirtualPath): string {
  return path.slice(1).split("/").map((name) => SHOWN_REGEXP.test(name) ? name.slice(1) : name)
    .join("/");
}

/** The path at which a file is seen; the inverse of {@linkcode filenameOf}. */
export function pathOf(filename: string): VirtualPath {
  return "/" + filename.split("/").map(shownName).join("/");
}

/** A segment of a filename as a name in a directory. */
export function shownName(segment: string): string {
  return UNSAYABLE_REGEXP.test(segment) ? "%" + segment : segment;
}

/** What the filenames of all files below a directory begin with. */
export function prefixOf(directory: VirtualPath): string {
  return directory === "/" ? "" : filenameOf(directory) + "/";
}

/** A comparison with a list considers each of its elements; here a list is not a name. */
const NO_LIST = { $not: { $type: "array" } } as const;

/** Filenames from one string on, up to another. */
export interface NameRange {
  readonly $gte: string;
  readonly $lt?: string;
  readonly $not: typeof NO_LIST.$not;
}

/** The filenames that begin with a prefix, as a range of strings in the order of their bytes. */
export function rangeOf(prefix: string): NameRange {
  return prefix === ""
    ? { $gte: "", ...NO_LIST }
    : { $gte: prefix, $lt: endOf(prefix), ...NO_LIST };
}

/** The filenames of the files at some paths, as a condition. */
export function namesOf(paths: readonly VirtualPath[]) {
  const [path, ...others] = paths;
  return path !== undefined && others.length === 0
    ? { $eq: filenameOf(path), ...NO_LIST }
    : { $in: paths.map(filenameOf), ...NO_LIST };
}

/** The first string after all that begin with a prefix, which ends in `/`. */
export function endOf(prefix: string): string {
  // In the order of bytes, 0 is the character after the slash.
  return prefix.slice(0, -1) + "0";
}

/** Fails if a path cannot belong to a file here: too long, or not text. */
export function refuseUnusable(path: string): void {
  if (hasRawBytes(path)) throw new StorageError("invalid", "name is not UTF-8");
  if (!keepsByteOrderMark && path.startsWith("/" + BYTE_ORDER_MARK)) {
    throw new StorageError("invalid", "name begins with a byte order mark");
  }
  if (byteLength(path, PATH_MAX) > PATH_MAX) throw errorOf("ENAMETOOLONG");
  for (const name of path.split("/")) {
    if (byteLength(name, NAME_MAX) > NAME_MAX) throw errorOf("ENAMETOOLONG");
  }
}

/** Fails if a text cannot be the target of a link here: not text, or swallowed in part. */
export function refuseUnusableTarget(target: string): void {
  const isSwallowed = !keepsByteOrderMark && target.startsWith(BYTE_ORDER_MARK);
  if (isSwallowed) throw new StorageError("invalid", "name begins with a byte order mark");
  if (hasRawBytes(target)) throw new StorageError("invalid", "name is not UTF-8");
}

/** Length of a name in bytes; the number of characters where that already exceeds the limit. */
function byteLength(name: string, limit: number): number {
  const isDecided = name.length > limit || name.length * 3 <= limit;
  return isDecided ? name.length : encodeName(name).length;
}
