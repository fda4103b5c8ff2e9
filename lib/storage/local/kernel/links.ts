import { decodeName } from "../../../names.ts";
import { childOf, virtualPath } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import { LinkWalk } from "../../walk.ts";
import { Errno } from "../../../linux/errno.ts";
import type { KernelPaths } from "./paths.ts";
import { check, NO_NAME } from "./status.ts";
import type { Bytes, Libc } from "../../../linux/libc.ts";
import { Open, PATH_MAX, Resolve } from "../../../linux/linux.ts";

/** Reads links, and resolves paths that lead through them. */
export class LinkReader {
  readonly #libc: Libc;
  readonly #paths: KernelPaths;
  readonly #text: Bytes = new Uint8Array(PATH_MAX);

  constructor(libc: Libc, paths: KernelPaths) {
    this.#libc = libc;
    this.#paths = paths;
  }

  /** The text of the link `path`; undefined if that is not a link. */
  read(path: VirtualPath): string | undefined {
    return this.#paths.use(path, Open.PATH | Open.NOFOLLOW, (fd) => this.#textOf(fd));
  }

  /**
   * The path of the file that `path` leads to, without links and `..`; its last segment may not
   * exist.
   */
  realPath(path: VirtualPath): VirtualPath {
    if (this.#open(path, Resolve.NO_SYMLINKS) >= 0) {
      return virtualPath(path, { start: "/", keepParents: false });
    }
    // The kernel is asked first, so that a path that it refuses is never walked. If something is
    // missing, it may be the last name alone, which the walk finds out.
    const result = this.#open(path);
    if (result !== -Errno.ENOENT) check(result);
    return this.#walk(path);
  }

  /** Resolves step by step. The result is only a text, which the kernel resolves again when used. */
  #walk(path: VirtualPath): VirtualPath {
    const walk = new LinkWalk<undefined>(path, { follow: true });
    for (let name = walk.next(); name !== undefined; name = walk.next()) {
      const next = childOf(walk.path, name);
      if (walk.isLast && this.#open(next, 0, Open.NOFOLLOW) === -Errno.ENOENT) {
        walk.missing();
        continue;
      }
      const text = this.read(next);
      if (text !== undefined) walk.link(text);
      // If it is none, the kernel says so when it looks below it.
      else walk.found(undefined, "directory");
    }
    return walk.path;
  }

  /** Returns 0 if a path can be opened, or `-errno`. */
  #open(path: VirtualPath, resolve = 0, flags = 0): number {
    const fd = this.#paths.tryOpen(path, Open.PATH | flags, 0, resolve);
    return fd < 0 ? fd : this.#libc.close(fd);
  }

  #textOf(fd: number): string | undefined {
    const length = this.#libc.readlinkat(fd, NO_NAME, this.#text);
    // What readlinkat returns for a descriptor that is not a link's.
    if (length === -Errno.ENOENT || length === -Errno.EINVAL) return undefined;
    return decodeName(this.#text, 0, check(length));
  }
}
