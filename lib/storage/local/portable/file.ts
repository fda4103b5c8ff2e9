import { boundedSecond } from "../../../attrs.ts";
import { fs } from "./node_fs.ts";
import { StorageError } from "../../errors.ts";
import type { FileSystemStats, NodeUsage } from "../../storage.ts";
import { attempt } from "./deno_fs.ts";
import type { Opened } from "./checked_close.ts";
import type { NodeStatus, RootCopy, RootFile } from "../root.ts";

const COPY_BYTES = 256 * 1024;

/** Identifies the file that a descriptor or a name leads to. */
export interface Identity {
  readonly dev: number;
  readonly ino: number | null;
}

/** What a file takes: here, its size. */
export function usageOf(
  { dev, ino, size, nlink, isDirectory }: Identity & {
    readonly size: number;
    readonly nlink: number;
    readonly isDirectory: boolean;
  },
): NodeUsage {
  return {
    bytes: isDirectory ? 0 : size,
    size,
    identity: `${dev}:${ino}`,
    links: isDirectory ? 1 : nlink,
  };
}

/** An open regular file. */
export class PortableFile implements RootFile {
  readonly #fd: number;
  readonly #opened: Opened;
  readonly #identity: Identity;
  readonly #statVfs: () => FileSystemStats;

  constructor(opened: Opened, identity: Identity, statVfs: () => FileSystemStats) {
    this.#fd = opened.fd;
    this.#opened = opened;
    this.#identity = identity;
    this.#statVfs = statVfs;
  }

  get descriptor(): number | undefined {
    return this.#opened.descriptor;
  }

  read(into: Uint8Array, position: number): number {
    return attempt(() => fs.readSync(this.#fd, into, 0, into.length, position));
  }

  write(data: Uint8Array, position: number): void {
    let written = 0;
    while (written < data.length) {
      const count = attempt(() =>
        fs.writeSync(this.#fd, data, written, data.length - written, position + written)
      );
      if (count === 0) throw new StorageError("failure", "nothing could be written");
      written += count;
    }
  }

  stat(): NodeStatus {
    const { size, uid, gid, mode, atimeMs, mtimeMs, nlink } = attempt(() => fs.fstatSync(this.#fd));
    return {
      size,
      uid,
      gid,
      permissions: mode,
      atime: boundedSecond(Math.floor(atimeMs / 1000)),
      mtime: boundedSecond(Math.floor(mtimeMs / 1000)),
      links: nlink,
    };
  }

  truncate(size: number): void {
    attempt(() => fs.ftruncateSync(this.#fd, size));
  }

  chmod(mode: number): void {
    attempt(() => fs.fchmodSync(this.#fd, mode));
  }

  utimes(atime: number, mtime: number): void {
    attempt(() => fs.futimesSync(this.#fd, atime, mtime));
  }

  chown(uid: number, gid: number): void {
    attempt(() => fs.fchownSync(this.#fd, uid, gid));
  }

  sync(): void {
    attempt(() => fs.fsyncSync(this.#fd));
  }

  statVfs(): FileSystemStats {
    return this.#statVfs();
  }

  usage(): NodeUsage {
    const { size, nlink } = attempt(() => fs.fstatSync(this.#fd));
    return usageOf({ ...this.#identity, size, nlink, isDirectory: false });
  }

  isSameAs(other: RootFile): boolean {
    if (!(other instanceof PortableFile)) return false;
    return this.#identity.dev === other.#identity.dev && this.#identity.ino === other.#identity.ino;
  }

  copy({ target, from, to, length }: RootCopy): number {
    const chunk = new Uint8Array(COPY_BYTES);
    let copied = 0;
    while (copied < length) {
      const window = chunk.subarray(0, Math.min(COPY_BYTES, length - copied));
      const count = this.read(window, from + copied);
      if (count === 0) break;
      target.write(window.subarray(0, count), to + copied);
      copied += count;
    }
    return copied;
  }

  close(): void {
    this.#opened.close();
  }

  /**
   * Fails if this is not the file that the path led to a moment ago: another
   * process has replaced it, perhaps by a link to a file outside the root.
   */
  requireSame(expected: Identity): void {
    const { dev, ino } = this.#identity;
    if (dev === expected.dev && ino === expected.ino) return;
    throw new StorageError("failure", "file was replaced while it was opened");
  }
}
