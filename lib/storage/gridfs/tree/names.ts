import { hasRawBytes } from "../../../names.ts";
import { StorageError } from "../../errors.ts";
import { filenameOf, refuseLong } from "../../remote/names.ts";
import type { VirtualPath } from "../../storage.ts";
import { BYTE_ORDER_MARK, keepsByteOrderMark } from "../database/byte_order_mark.ts";

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
  refuseLong(path);
}

/** Fails if a text cannot be the target of a link here: not text, or swallowed in part. */
export function refuseUnusableTarget(target: string): void {
  const isSwallowed = !keepsByteOrderMark && target.startsWith(BYTE_ORDER_MARK);
  if (isSwallowed) throw new StorageError("invalid", "name begins with a byte order mark");
  if (hasRawBytes(target)) throw new StorageError("invalid", "name is not UTF-8");
}
