/**
 * Paths as text: what can be done with them without a file system.
 *
 * @module
 */

import type { VirtualPath } from "./storage.ts";

/** How {@linkcode virtualPath} reads what the client sent. */
export interface VirtualPathOptions {
  /** The directory that a relative path starts in. */
  readonly start: VirtualPath;
  /** Keep `..` and a closing `/` for a storage that follows links itself. */
  readonly keepParents: boolean;
}

/** Turns what a client sent into a path for a storage. An empty path is the start. */
export function virtualPath(path: string, options: VirtualPathOptions): VirtualPath {
  const { start, keepParents } = options;
  if (isPlain(path)) {
    if (path.charCodeAt(0) === SLASH) return path;
    return start === "/" ? "/" + path : start + "/" + path;
  }
  const whole = path.startsWith("/") ? path : start + "/" + path;
  const segments: string[] = [];
  for (const segment of whole.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === ".." && !keepParents) segments.pop();
    else segments.push(segment);
  }
  const joined = "/" + segments.join("/");
  return keepParents && segments.length > 0 && namesDirectory(whole) ? joined + "/" : joined;
}

/** The path of the directory that holds `path`, without following links. */
export function parentOf(path: VirtualPath): VirtualPath {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The last segment of `path`; empty for the root. */
export function nameOf(path: VirtualPath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The path of `name` in `directory`. */
export function childOf(directory: VirtualPath, name: string): VirtualPath {
  return directory === "/" ? "/" + name : directory + "/" + name;
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** Whether no segment is empty, `.` or `..`; a segment that begins with a dot is left to the slow path. */
function isPlain(path: string): boolean {
  let atSegment = true;
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (atSegment && (code === DOT || (code === SLASH && index > 0))) return false;
    atSegment = code === SLASH;
  }
  return path.length > 0 && !atSegment;
}

/** Whether a closing `/` or `/.` asks for a directory. */
function namesDirectory(path: string): boolean {
  return path.endsWith("/") || path.endsWith("/.");
}
