import { encodeName, hasRawBytes } from "../../../names.ts";
import { errorOf } from "../../errno.ts";
import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import { BYTE_ORDER_MARK, keepsByteOrderMark } from "../database/byte_order_mark.ts";

/** Bytes in a name, as Linux's `NAME_MAX`. */
export const NAME_MAX = 255;
/** Bytes in a path, as Linux's `PATH_MAX` less its NUL. */
const PATH_MAX = 4095;

/** What no path can say as it stands, behind the signs that make it sayable. */
const SHOWN_REGEXP = /^%+\.{0,2}$/;
const UNSAYABLE_REGEXP = /^%*\.{0,2}$/;

/**
 * The `filename` of the file at a path. Each filename has one path and each
 * path one filename, so that nothing in a bucket is out of reach: a segment
 * that no path can have (empty, `.`, `..`) is shown with a `%` before it, and
 * one that looks so already gets a further `%`.
 */
export function filenameOf(path: VirtualPath): string {
  return path.slice(1).split("/").map((name) => SHOWN_REGEXP.test(name) ? name.slice(1) : name)
    .join("/");
}

/** The path at which a file is seen; the other way round than {@linkcode filenameOf}. */
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

/** Of a list of names each counts in a comparison; here a list is no name. */
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

/** The first string behind all that begin with a prefix, which ends in `/`. */
export function endOf(prefix: string): string {
  // 0 is the character behind the slash.
  return prefix.slice(0, -1) + "0";
}

/** Fails where a path cannot be that of a file here: too long, or not text. */
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

/** Fails where a text cannot be that of a link here: not text, or swallowed in part. */
export function refuseUnusableTarget(target: string): void {
  const isSwallowed = !keepsByteOrderMark && target.startsWith(BYTE_ORDER_MARK);
  if (isSwallowed) throw new StorageError("invalid", "name begins with a byte order mark");
  if (hasRawBytes(target)) throw new StorageError("invalid", "name is not UTF-8");
}

/** Length of a name in bytes; the number of characters is enough where it decides already. */
function byteLength(name: string, limit: number): number {
  const isDecided = name.length > limit || name.length * 3 <= limit;
  return isDecided ? name.length : encodeName(name).length;
}
