import { FileType } from "../../../attrs.ts";
import { encodeNameInto } from "../../../names.ts";
import type { VirtualPath } from "../../storage.ts";
import { errorOfNumber } from "../../errno.ts";
import { Errno } from "../../../linux/errno.ts";
import { check, StatusReader } from "./status.ts";
import type { Bytes, Libc } from "../../../linux/libc.ts";
import { Open, PATH_MAX, Resolve } from "../../../linux/linux.ts";
import { OpenHow } from "../../../linux/structs.ts";
import { LeaseHeld, tryBesideRenames } from "../lease_wait.ts";

/** A call on a name in an open directory; returns what the system did. */
export type NameCall = (directory: number, name: Bytes) => number;

/** Like {@linkcode NameCall}, on two names. */
export type TwoNamesCall = (from: number, fromName: Bytes, to: number, toName: Bytes) => number;

/**
 * Where a path ends: the directory that holds its last segment, and that
 * segment, with a closing `/` where the path has one.
 */
interface Place {
  readonly directory: number;
  readonly name: PathBuffer;
}

/**
 * openat2 gives up with EAGAIN when a rename runs beside `..`; under attack that is 6 in 100, and
 * more if a path has hundreds of `..`. It is called again this many times without a pause.
 */
const TRIES_AT_ONCE = 64;

/** A closing NUL and, before it, three bytes for each character that a path can have. */
const PATH_BUFFER_SIZE = PATH_MAX * 3;

const DOT = 0x2e;

const DEFAULT_RESOLVE = Resolve.IN_ROOT | Resolve.NO_MAGICLINKS;

/** A path as in C, NUL-terminated, in a buffer that the next path reuses. */
export class PathBuffer {
  /** The bytes, and leftovers after the NUL. */
  readonly bytes: Bytes = new Uint8Array(PATH_BUFFER_SIZE);

  /** Puts `path` into the buffer. */
  set(path: string): Bytes {
    // A character takes at least a byte, so this also limits what is written.
    if (path.length >= PATH_MAX) throw errorOfNumber(Errno.ENAMETOOLONG);
    const length = encodeNameInto(path, this.bytes, 0);
    if (length >= PATH_MAX) throw errorOfNumber(Errno.ENAMETOOLONG);
    this.bytes[length] = 0;
    return this.bytes;
  }
}

/**
 * Paths below one directory, resolved by the kernel as in a chroot.
 *
 * A call that acts on a name gets the directory that holds it, opened by
 * `openat2`, and the last segment alone. Such a segment is never `..`, which
 * the `…at` calls would follow out of the root.
 */
export class KernelPaths {
  /** Descriptor of the root itself. */
  readonly root: number;
  readonly #libc: Libc;
  readonly #how = new OpenHow();
  readonly #path = new PathBuffer();
  readonly #name = new PathBuffer();
  readonly #otherName = new PathBuffer();

  constructor(root: number, libc: Libc) {
    this.root = root;
    this.#libc = libc;
  }

  /** Opens `path`; the caller closes it. */
  open(path: VirtualPath, flags: number, mode = 0): number {
    return check(this.tryOpen(path, flags, mode));
  }

  /**
   * Opens `path`, or returns `-errno`.
   *
   * @throws {LeaseHeld} If another process must give back a lease first.
   */
  tryOpen(path: VirtualPath, flags: number, mode = 0, resolve = 0): number {
    const bytes = this.#path.set(path);
    const how = this.#how.set(flags | Open.CLOEXEC, mode, resolve | DEFAULT_RESOLVE);
    const fd = this.#libc.openat2(this.root, bytes, how);
    return fd === -Errno.EAGAIN ? this.#tryAgain(bytes, flags, resolve) : fd;
  }

  /**
   * Retries what the system refused for the moment because of a rename or another process's lease.
   */
  #tryAgain(path: Bytes, flags: number, resolve: number): number {
    const attempt = () => this.#libc.openat2(this.root, path, this.#how.bytes);
    for (let tries = 1; tries < TRIES_AT_ONCE; tries++) {
      const fd = attempt();
      if (fd !== -Errno.EAGAIN) return fd;
    }
    if (this.#mayBeLeased(path, flags, resolve)) throw new LeaseHeld();
    return tryBesideRenames(attempt, (fd) => fd === -Errno.EAGAIN);
  }

  /** Only a regular file can be leased; a device that is in use keeps answering EAGAIN. */
  #mayBeLeased(path: Bytes, flags: number, resolve: number): boolean {
    if (flags & Open.PATH) return false;
    const toLook = Open.PATH | Open.CLOEXEC | (flags & Open.NOFOLLOW);
    const how = new OpenHow().set(toLook, 0, resolve | DEFAULT_RESOLVE);
    const fd = this.#libc.openat2(this.root, path, how);
    if (fd < 0) return false;
    const reader = new StatusReader(this.#libc);
    const looked = reader.lookAtOpen(fd);
    this.#libc.close(fd);
    return looked === 0 && reader.type === FileType.REGULAR;
  }

  /** Opens `path` while `use` runs. */
  use<T>(path: VirtualPath, flags: number, use: (fd: number) => T): T {
    const fd = this.open(path, flags);
    try {
      return use(fd);
    } finally {
      this.#libc.close(fd);
    }
  }

  /** Encodes `path` without its leading `/` where it {@linkcode isEntry}. */
  entryName(path: VirtualPath): Bytes {
    return this.#name.set(path.slice(1));
  }

  /** Calls with the last segment of `path` and the directory that holds it. */
  at(path: VirtualPath, call: NameCall): number {
    const { directory, name } = this.#enter(path, this.#name);
    try {
      return check(call(directory, name.bytes));
    } finally {
      this.#leave(directory);
    }
  }

  /** Calls with the last segments of two paths and the directories that hold them. */
  atBoth(from: VirtualPath, to: VirtualPath, call: TwoNamesCall): number {
    const { directory, name } = this.#enter(from, this.#name);
    try {
      if (directory !== this.root && areSiblings(from, to)) {
        const otherName = this.#otherName.set(to.slice(to.lastIndexOf("/") + 1));
        return check(call(directory, name.bytes, directory, otherName));
      }
      return this.#atOther(to, (other, otherName) => call(directory, name.bytes, other, otherName));
    } finally {
      this.#leave(directory);
    }
  }

  #atOther(path: VirtualPath, call: NameCall): number {
    const { directory, name } = this.#enter(path, this.#otherName);
    try {
      return check(call(directory, name.bytes));
    } finally {
      this.#leave(directory);
    }
  }

  /**
   * Opens the directory that holds the last segment. Where that is the root
   * itself or `..`, the directory is the one named and the segment is `.`,
   * which the system refuses to make, remove, rename or link.
   */
  #enter(path: VirtualPath, name: PathBuffer): Place {
    // A path that is too long for the system is refused, even if its two parts are not.
    name.set(path);
    const end = path.endsWith("/") ? path.length - 1 : path.length;
    const slash = path.lastIndexOf("/", end - 1);
    const segment = path.slice(slash + 1, end);
    if (segment === "" || segment === "." || segment === "..") {
      name.set(".");
      return { directory: this.open(path, Open.PATH | Open.DIRECTORY), name };
    }
    name.set(path.slice(slash + 1));
    if (slash <= 0) return { directory: this.root, name };
    const parent = path.slice(0, slash);
    return { directory: this.open(parent, Open.PATH | Open.DIRECTORY), name };
  }

  #leave(directory: number): void {
    if (directory !== this.root) this.#libc.close(directory);
  }
}

/** Returns whether `path` is one name directly below the root: no `..`, no closing `/`. */
export function isEntry(path: VirtualPath): boolean {
  return path.length > 1 && path.lastIndexOf("/") === 0 && path !== "/.." && path !== "/.";
}

/** Whether two paths end with names in one directory, by their text. */
function areSiblings(one: VirtualPath, other: VirtualPath): boolean {
  const parent = one.slice(0, one.lastIndexOf("/") + 1);
  return other.startsWith(parent) && other.length < PATH_MAX / 3 &&
    isEntry(other.slice(parent.length - 1)) &&
    isEntry(one.slice(parent.length - 1));
}

/** Returns whether the name stands for the directory itself, as for the root or `..`. */
export function isDot(name: Bytes): boolean {
  return name[0] === DOT && name[1] === 0;
}
