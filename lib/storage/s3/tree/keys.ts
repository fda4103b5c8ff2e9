import { encodeName, hasRawBytes } from "../../../names.ts";
import { errorOf } from "../../errno.ts";
import { StorageError } from "../../errors.ts";
import { filenameOf, prefixOf, refuseLong } from "../../remote/names.ts";
import type { VirtualPath } from "../../storage.ts";

/** The longest key in bytes. */
const MAX_KEY_BYTES = 1024;

/** The directory that holds unfinished work, and that no client sees. */
export const WORK_DIRECTORY = ".sftpwrap";

/** The key of the file at a path. */
export function keyOf(prefix: string, path: VirtualPath): string {
  return prefix + filenameOf(path);
}

/**
 * The key of the marker of a directory, with which all keys in it begin. The root has one only below
 * a prefix: otherwise it is empty.
 */
export function markerOf(prefix: string, directory: VirtualPath): string {
  return prefix + prefixOf(directory);
}

/** Whether a key can be that of a file: those that end in `/` are markers of directories. */
export function canBeFile(key: string): boolean {
  return !key.endsWith("/") && isReachable(key);
}

/** Whether there can be a request for a key: no URL has a segment `.` or `..`. */
export function isReachable(key: string): boolean {
  return key !== "" && !/(?:^|\/)\.\.?(?:\/|$)/.test(key);
}

/** What the keys of unfinished work begin with. */
export function workPrefix(prefix: string): string {
  return `${prefix}${WORK_DIRECTORY}/`;
}

/** Whether a path is in the directory that no client sees. */
export function isHidden(path: VirtualPath): boolean {
  return path === `/${WORK_DIRECTORY}` || path.startsWith(`/${WORK_DIRECTORY}/`);
}

/** Fails if a path cannot have a key: too long, or not text. */
export function refuseUnusable(prefix: string, path: VirtualPath): void {
  if (hasRawBytes(path)) throw new StorageError("invalid", "name is not UTF-8");
  refuseLong(path);
  const key = prefix + path;
  // A directory's key has a slash at its end, as the path has one at its beginning.
  if (key.length * 3 > MAX_KEY_BYTES && encodeName(key).length > MAX_KEY_BYTES) {
    throw errorOf("ENAMETOOLONG");
  }
}

/** Fails if nothing can be made at a path. */
export function refuseNew(prefix: string, path: VirtualPath, kind: "directory" | "other"): void {
  if (isHidden(path)) throw errorOf("EACCES");
  if (kind === "other" && !canBeFile(keyOf(prefix, path))) {
    throw new StorageError("invalid", "this name stands for one that no file can have");
  }
}

/** Compares keys in the order of their UTF-8 bytes, in which S3 lists them. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    // In UTF-16, characters beyond U+FFFF come before some that are below it.
    if (left !== right) return inOrder(left) - inOrder(right);
  }
  return a.length - b.length;
}

function inOrder(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** Fails if a text cannot be the target of a link here. */
export function refuseUnusableTarget(target: string): void {
  if (hasRawBytes(target)) throw new StorageError("invalid", "name is not UTF-8");
  refuseLong(target);
}
