import { decodeName } from "../../../names.ts";
import { childOf, parentOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import { errorOfNumber } from "../../errno.ts";
import { Errno } from "../../../linux/errno.ts";
import type { KernelPaths } from "./paths.ts";
import { check, NO_NAME } from "./status.ts";
import type { Bytes, Libc } from "../../../linux/libc.ts";
import { Open, PATH_MAX, Resolve } from "../../../linux/linux.ts";

/** As many links as the kernel follows for one path. */
const MAX_SYMLINKS = 40;

/** Reads links, and resolves paths that lead through them. */
export class LinkReader {
  readonly #libc: Libc;
  readonly #paths: KernelPaths;
  readonly #text: Bytes = new Uint8Array(PATH_MAX);

  constructor(libc: Libc, paths: KernelPaths) {
    this.#libc = libc;
    this.#paths = paths;
  }

  /** The text of the link `path`; undefined if it is not a link. */
  read(path: VirtualPath): string | undefined {
    return this.#paths.use(path, Open.PATH | Open.NOFOLLOW, (fd) => this.#textOf(fd));
  }

  /**
   * The path of the file that `path` leads to, without links and `..`; its last segment may not
   * exist.
   */
  realPath(path: VirtualPath): VirtualPath {
    if (this.#open(path, Resolve.NO_SYMLINKS) >= 0) return withoutParents(path);
    // The kernel is asked first, so that a path that it refuses is never walked. If something is
    // missing, it may be only the last segment, which the walk finds out.
    const result = this.#open(path);
    if (result !== -Errno.ENOENT) check(result);
    return this.#walk(path);
  }

  /** Resolves step by step. This only makes a text: its user resolves it again. */
  #walk(path: VirtualPath): VirtualPath {
    const ahead = segmentsOf(path).reverse();
    let reached: VirtualPath = "/";
    let links = 0;
    while (ahead.length > 0) {
      const segment = ahead.pop()!;
      if (segment === "..") {
        reached = parentOf(reached);
        continue;
      }
      const next = childOf(reached, segment);
      const isLast = ahead.length === 0;
      const text = isLast && this.#open(next, 0, Open.NOFOLLOW) === -Errno.ENOENT
        ? undefined
        : this.read(next);
      if (text === undefined) {
        reached = next;
        continue;
      }
      if (++links > MAX_SYMLINKS) throw errorOfNumber(Errno.ELOOP);
      if (text.startsWith("/")) reached = "/";
      ahead.push(...segmentsOf(text).reverse());
    }
    return reached;
  }

  /** Returns 0 if a path can be opened, else `-errno`. */
  #open(path: VirtualPath, resolve = 0, flags = 0): number {
    const fd = this.#paths.tryOpen(path, Open.PATH | flags, 0, resolve);
    return fd < 0 ? fd : this.#libc.close(fd);
  }

  #textOf(fd: number): string | undefined {
    const length = this.#libc.readlinkat(fd, NO_NAME, this.#text);
    // What readlinkat answers for a descriptor that is not of a link.
    if (length === -Errno.ENOENT || length === -Errno.EINVAL) return undefined;
    return decodeName(this.#text, 0, check(length));
  }
}

/** Removes `..` from a path that leads through no link. */
function withoutParents(path: VirtualPath): VirtualPath {
  const kept: string[] = [];
  for (const segment of segmentsOf(path)) {
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  return "/" + kept.join("/");
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}
