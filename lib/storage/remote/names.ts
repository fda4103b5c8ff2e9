/**
 * Names in a storage that keeps whole paths, such as `a/b`, as the names of its files: each has one
 * path here, so that nothing of other programs is out of reach.
 *
 * @module
 */

import { encodeName } from "../../names.ts";
import { errorOf } from "../errno.ts";
import type { VirtualPath } from "../storage.ts";

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

/**
 * The path of an entry after its directory, or the entry itself, was renamed; undefined for an
 * entry that is neither.
 */
export function movedPath(
  path: VirtualPath,
  from: VirtualPath,
  to: VirtualPath,
): VirtualPath | undefined {
  if (path === from) return to;
  return path.startsWith(from + "/") ? to + path.slice(from.length) : undefined;
}

/** Fails if a path, or a name in it, is longer than Linux allows. */
export function refuseLong(path: string): void {
  if (byteLength(path, PATH_MAX) > PATH_MAX) throw errorOf("ENAMETOOLONG");
  for (const name of path.split("/")) {
    if (byteLength(name, NAME_MAX) > NAME_MAX) throw errorOf("ENAMETOOLONG");
  }
}

/** Length of a name in bytes; the number of characters where that already exceeds the limit. */
function byteLength(name: string, limit: number): number {
  const isDecided = name.length > limit || name.length * 3 <= limit;
  return isDecided ? name.length : encodeName(name).length;
}
