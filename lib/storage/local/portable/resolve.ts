import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import { errorOf } from "../../errno.ts";
import { childOf } from "../../path.ts";
import { LinkWalk } from "../../walk.ts";

/** A longer path is refused, as with Linux's PATH_MAX. */
const PATH_MAX = 4095;

/** What the resolution needs of the host's file system; paths are host paths. */
export interface Walker<Status> {
  /** lstat(2), or undefined if there is no file. */
  lstat(hostPath: string): Status | undefined;
  /** readlink(2) */
  readLink(hostPath: string): string;
  isLink(status: Status): boolean;
  isDirectory(status: Status): boolean;
}

/** Where a virtual path leads. */
export interface Resolved<Status> {
  /** The place without links and `..`, as the client sees it. */
  readonly path: VirtualPath;
  /** The place on the host. */
  readonly hostPath: string;
  /** What is there now; undefined if nothing is. */
  readonly status: Status | undefined;
  /** Whether the path, or the text of a link at its end, has a closing `/`. */
  readonly mustBeDirectory: boolean;
}

/** How to resolve. */
export interface ResolveOptions {
  /** Whether a link at the end is followed too. A closing `/` follows it in any case. */
  readonly followLast: boolean;
}

/**
 * Follows a path step by step below `root`, as the kernel would in a chroot:
 * absolute links start at the root and `..` stops there. The last segment may
 * be missing; a missing or wrong one before it fails.
 *
 * Another process may change the tree between the last look and the use of the
 * result; only the kernel's own resolution is free of that race.
 */
export function resolve<Status>(
  root: string,
  path: VirtualPath,
  walker: Walker<Status>,
  { followLast }: ResolveOptions,
): Resolved<Status> {
  if (path.length > PATH_MAX) throw errorOf("ENAMETOOLONG");
  const walk = new LinkWalk<Status>(path, { follow: followLast || path.endsWith("/") });
  for (let name = walk.next(); name !== undefined; name = walk.next()) {
    const hostPath = hostPathOf(root, childOf(walk.path, name));
    const status = walker.lstat(hostPath);
    if (status === undefined) walk.missing();
    else if (walk.follows && walker.isLink(status)) walk.link(walker.readLink(hostPath));
    else walk.found(status, walker.isDirectory(status) ? "directory" : "other");
  }
  const hostPath = hostPathOf(root, walk.path);
  const isRoot = walk.path === "/";
  const status = isRoot ? walker.lstat(root) : walk.at;
  const mustBeDirectory = isRoot || walk.slash;
  if (mustBeDirectory && status !== undefined) requireDirectory(status, walker);
  return { path: walk.path, hostPath, status, mustBeDirectory };
}

function hostPathOf(root: string, path: VirtualPath): string {
  if (path === "/") return root;
  return root === "/" ? path : root + path;
}

function requireDirectory<Status>(status: Status, walker: Walker<Status>): void {
  if (!walker.isDirectory(status)) throw errorOf("ENOTDIR");
}

/**
 * Like {@linkcode resolve}, for an operation on the name itself (remove, rename,
 * mkdir …): a link at the end is not followed, and a name with a closing `/` must
 * be that of a directory, as POSIX requires, or not exist.
 */
export function resolveName<Status>(
  root: string,
  path: VirtualPath,
  walker: Walker<Status>,
): Resolved<Status> {
  const closing = path.length > 1 && path.endsWith("/");
  const name = closing ? path.slice(0, -1) : path;
  if (name === "/" || name.endsWith("/..")) throw errorOf("EBUSY");
  const resolved = resolve(root, name, walker, { followLast: false });
  if (closing && resolved.status !== undefined) requireDirectory(resolved.status, walker);
  return resolved;
}

/** The status of what a path resolved to; fails if nothing is there. */
export function existing<Status>({ status }: Resolved<Status>): Status {
  if (status === undefined) throw new StorageError("not-found", "no such file");
  return status;
}
