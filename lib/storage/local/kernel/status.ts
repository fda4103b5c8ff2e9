import { boundedSecond, FileType } from "../../../attrs.ts";
import { errorOfNumber } from "../../errno.ts";
import { Errno } from "../../../linux/errno.ts";
import type { Bytes, Libc } from "../../../linux/libc.ts";
import { At, Stat, STAT_BLOCK_BYTES, STRUCT_STAT_SIZE } from "../../../linux/linux.ts";
import type { NodeUsage } from "../../storage.ts";
import type { NodeStatus } from "../root.ts";

/** The empty name: the call acts on the descriptor itself (AT_EMPTY_PATH). */
export const NO_NAME: Bytes = new Uint8Array(1);

const TWO_TO_32 = 2 ** 32;
const { NLINK, UID, GID, MODE, SIZE, BLOCKS, ATIME, MTIME } = Stat;

const NOT_FOLLOWING = BigInt(At.SYMLINK_NOFOLLOW);
const OF_THE_DESCRIPTOR = BigInt(At.EMPTY_PATH);

/** The single `struct stat` through which a root reads every status. */
export class StatusReader {
  readonly #libc: Libc;
  readonly #bytes: Bytes = new Uint8Array(STRUCT_STAT_SIZE);
  readonly #words = new Uint32Array(this.#bytes.buffer);
  readonly #signed = new Int32Array(this.#bytes.buffer);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Reads the status of `name` in `directory`, not following a link; returns 0 or `-errno`. */
  lookAt(directory: number, name: Bytes): number {
    return this.#libc.fstatat(directory, name, this.#bytes, NOT_FOLLOWING);
  }

  /** Reads the status of an open file; returns 0 or `-errno`. */
  lookAtOpen(fd: number): number {
    return this.#libc.fstatat(fd, NO_NAME, this.#bytes, OF_THE_DESCRIPTOR);
  }

  /** The status of an open file. */
  ofOpen(fd: number): NodeStatus {
    const result = this.lookAtOpen(fd);
    if (result < 0) throw errorOfNumber(-result);
    return this.status();
  }

  /** The type bits of the status that was read last; see `FileType`. */
  get type(): number {
    return this.#words[MODE]! & FileType.MASK;
  }

  /** The identity of the file whose status was read last. */
  get identity(): string {
    return this.#words.slice(Stat.DEV, Stat.INO + 2).join(":");
  }

  /** The inode of the file whose status was read last. */
  get inode(): bigint {
    return new BigUint64Array(this.#bytes.buffer)[Stat.INO >> 1]!;
  }

  /** Whether the file whose status was read last has this device and inode. */
  isOf(dev: bigint, ino: bigint): boolean {
    const words = new BigUint64Array(this.#bytes.buffer);
    return words[Stat.DEV >> 1] === dev && words[Stat.INO >> 1] === ino;
  }

  /**
   * What the file whose status was read last takes: its blocks if `countBlocks` is given, otherwise
   * its size.
   *
   * @param countBlocks Returns what counts of the blocks of a file with content.
   */
  usage(countBlocks: ((bytes: number, size: number) => number) | undefined): NodeUsage {
    const words = this.#words;
    const isDirectory = this.type === FileType.DIRECTORY;
    const size = words[SIZE]! + words[SIZE + 1]! * TWO_TO_32;
    const blocks = (words[BLOCKS]! + words[BLOCKS + 1]! * TWO_TO_32) * STAT_BLOCK_BYTES;
    const bytes = countBlocks === undefined
      ? isDirectory ? 0 : size
      : this.type === FileType.REGULAR
      ? countBlocks(blocks, size)
      : blocks;
    return { bytes, size, identity: this.identity, links: isDirectory ? 1 : words[NLINK]! };
  }

  /** The status that was read last. */
  status(): NodeStatus {
    const words = this.#words;
    const signed = this.#signed;
    return {
      size: words[SIZE]! + words[SIZE + 1]! * TWO_TO_32,
      uid: words[UID]!,
      gid: words[GID]!,
      permissions: words[MODE]! & 0xffff,
      atime: boundedSecond(words[ATIME]! + signed[ATIME + 1]! * TWO_TO_32),
      mtime: boundedSecond(words[MTIME]! + signed[MTIME + 1]! * TWO_TO_32),
      links: words[NLINK]!,
    };
  }
}

/** Returns the result of a call, or throws the error that it means. */
export function check(result: number): number {
  if (result < 0) throw errorOfNumber(-result);
  return result;
}

/** Refuses a size that does not fit `off_t`, which would become another size. */
export function checkSize(size: number): number {
  if (size >= 2 ** 63) throw errorOfNumber(Errno.EINVAL);
  return size;
}

/** Two `struct timespec` of whole seconds. */
export function timesOf(atime: number, mtime: number): BigInt64Array<ArrayBuffer> {
  return new BigInt64Array([BigInt(atime), 0n, BigInt(mtime), 0n]);
}
