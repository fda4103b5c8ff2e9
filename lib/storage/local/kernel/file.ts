import { StorageError } from "../../errors.ts";
import type { FileSystemStats, NodeUsage } from "../../storage.ts";
import { Errno } from "../../../linux/errno.ts";
import { check, checkSize, NO_NAME, type StatusReader, timesOf } from "./status.ts";
import type { Libc } from "../../../linux/libc.ts";
import { At } from "../../../linux/linux.ts";
import type { KernelUnits } from "./usage.ts";
import type { NodeStatus, RootCopy, RootFile } from "../root.ts";

const COPY_BUFFER_BYTES = 256 * 1024;
const MAX_COPY_BYTES = 1024 * 1024 * 1024;
const STRUCT_STATFS_WORDS = 15;
const RDONLY_AND_NOSUID = 3n;
const CLOSED = -1;

/**
 * Errors of copy_file_range after which reading and writing may still work; EBADF means O_APPEND.
 */
const COPY_BY_HAND: ReadonlySet<number> = new Set([
  Errno.EXDEV,
  Errno.EINVAL,
  Errno.ENOSYS,
  Errno.EOPNOTSUPP,
  Errno.EPERM,
  Errno.EBADF,
]);

/** What all files of a root share. */
export interface FileContext {
  readonly libc: Libc;
  readonly reader: StatusReader;
  /** How space is counted. */
  readonly units: () => KernelUnits;
}

interface KernelCopy extends RootCopy {
  readonly target: KernelFile;
}

/** A regular file, by its descriptor. */
export class KernelFile implements RootFile {
  readonly #libc: Libc;
  readonly #reader: StatusReader;
  readonly #units: () => KernelUnits;
  #fd: number;

  constructor(fd: number, context: FileContext) {
    this.#libc = context.libc;
    this.#reader = context.reader;
    this.#units = context.units;
    this.#fd = fd;
  }

  get descriptor(): number {
    return this.#fd;
  }

  read(into: Uint8Array, position: number): number {
    return check(this.#libc.pread(this.#fd, into, position));
  }

  write(data: Uint8Array, position: number): void {
    let rest = data;
    let at = position;
    while (rest.length > 0) {
      const written = check(this.#libc.pwrite(this.#fd, rest, at));
      if (written === rest.length) return;
      if (written === 0) throw new StorageError("failure", "nothing could be written");
      rest = rest.subarray(written);
      at += written;
    }
  }

  stat(): NodeStatus {
    return this.#reader.ofOpen(this.#fd);
  }

  truncate(size: number): void {
    check(this.#libc.ftruncate(this.#fd, checkSize(size)));
  }

  chmod(mode: number): void {
    check(this.#libc.fchmod(this.#fd, mode));
  }

  utimes(atime: number, mtime: number): void {
    check(this.#libc.futimens(this.#fd, timesOf(atime, mtime)));
  }

  chown(uid: number, gid: number): void {
    check(this.#libc.fchownat(this.#fd, NO_NAME, uid, gid, At.EMPTY_PATH));
  }

  sync(): void {
    check(this.#libc.fsync(this.#fd));
  }

  statVfs(): FileSystemStats {
    return statVfsOf(this.#fd, this.#libc);
  }

  usage(): NodeUsage {
    check(this.#reader.lookAtOpen(this.#fd));
    return this.#reader.usage(this.#units().countBlocks);
  }

  isSameAs(other: RootFile): boolean {
    return other instanceof KernelFile && this.#identity() === other.#identity();
  }

  copy({ target, from, to, length }: RootCopy): number {
    if (!(target instanceof KernelFile)) {
      throw new StorageError("unsupported", "copy to a file of another kind is not supported");
    }
    const { copied, ended } = this.#copyInKernel({ target, from, to, length });
    if (ended) return copied;
    const rest = { target, from: from + copied, to: to + copied, length: length - copied };
    return copied + this.#copyByHand(rest);
  }

  close(): void {
    if (this.#fd === CLOSED) return;
    const fd = this.#fd;
    this.#fd = CLOSED;
    const result = this.#libc.close(fd);
    // Linux has closed it even so.
    if (result !== -Errno.EINTR) check(result);
  }

  #identity(): string {
    check(this.#reader.lookAtOpen(this.#fd));
    return this.#reader.identity;
  }

  /** Copies to the end, or up to where the rest must be copied by reading and writing. */
  #copyInKernel({ target, from, to, length }: KernelCopy): { copied: number; ended: boolean } {
    const fromAt = new BigInt64Array([BigInt(from)]);
    const toAt = new BigInt64Array([BigInt(to)]);
    let copied = 0;
    while (copied < length) {
      const size = Math.min(length - copied, MAX_COPY_BYTES);
      const result = this.#libc.copyFileRange(this.#fd, fromAt, target.#fd, toAt, size);
      // Some file systems answer 0 for a file that has content.
      if (result === 0) return { copied, ended: copied > 0 };
      if (COPY_BY_HAND.has(-result)) return { copied, ended: false };
      copied += check(result);
    }
    return { copied, ended: true };
  }

  #copyByHand({ target, from, to, length }: KernelCopy): number {
    const buffer = new Uint8Array(Math.min(length, COPY_BUFFER_BYTES));
    let copied = 0;
    while (copied < length) {
      const room = buffer.subarray(0, Math.min(buffer.length, length - copied));
      const read = this.read(room, from + copied);
      if (read === 0) break;
      target.write(room.subarray(0, read), to + copied);
      copied += read;
    }
    return copied;
  }
}

/** The statistics of the file system that holds an open file. */
export function statVfsOf(fd: number, libc: Libc): FileSystemStats {
  const words = new BigUint64Array(STRUCT_STATFS_WORDS);
  check(libc.fstatfs(fd, new Uint8Array(words.buffer)));
  const bsize = words[1]!;
  const ffree = words[6]!;
  return {
    bsize,
    frsize: words[9]! || bsize,
    blocks: words[2]!,
    bfree: words[3]!,
    bavail: words[4]!,
    files: words[5]!,
    ffree,
    favail: ffree,
    fsid: words[7]!,
    flag: words[10]! & RDONLY_AND_NOSUID,
    namemax: words[8]!,
  };
}
