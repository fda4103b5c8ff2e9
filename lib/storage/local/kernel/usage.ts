import type { Libc } from "../../../linux/libc.ts";
import { FileSystemType } from "../../../linux/linux.ts";
import { check } from "./status.ts";
import type { UsageUnits } from "../root.ts";

const STRUCT_STATFS_WORDS = 15;

/** Blocks by which a directory grows at most: a split leaf, and two more levels of its index. */
const DIRECTORY_BLOCKS = 4;

/**
 * File systems whose files have all their blocks once they are written, and whether their
 * directories have blocks too. Others tell blocks late, or do not count those of compressed files.
 */
const COUNTING: ReadonlyMap<number, { readonly directories: boolean }> = new Map([
  [FileSystemType.BTRFS, { directories: false }],
  [FileSystemType.EXT, { directories: true }],
  [FileSystemType.F2FS, { directories: true }],
  [FileSystemType.NFS, { directories: true }],
  [FileSystemType.OVERLAY, { directories: true }],
  [FileSystemType.TMPFS, { directories: false }],
  [FileSystemType.XFS, { directories: true }],
]);

/** Blocks that hold the tree of a file's blocks come to no more than this part of it. */
const TREE_PART = 64;

/** How a file system counts space. */
export interface KernelUnits extends UsageUnits {
  /** What counts of a file's blocks, whose bytes are given with its size; absent if sizes count. */
  readonly countBlocks?: (bytes: number, size: number) => number;
}

/** How the file system that holds an open file counts space. */
export function unitsOf(fd: number, libc: Libc): KernelUnits {
  const words = new BigUint64Array(STRUCT_STATFS_WORDS);
  check(libc.fstatfs(fd, new Uint8Array(words.buffer)));
  const type = Number(words[0]! & 0xffff_ffffn);
  const counting = COUNTING.get(type);
  if (counting === undefined) return { nameBytes: 0 };
  const blockBytes = Number(words[1]!);
  return {
    blockBytes,
    nameBytes: counting.directories ? DIRECTORY_BLOCKS * blockBytes : 0,
    // Blocks that are kept ahead for a file come and go by themselves.
    countBlocks(bytes, size) {
      const whole = Math.ceil(size / blockBytes) * blockBytes;
      const tree = type === FileSystemType.XFS ? 0 : Math.max(whole / TREE_PART, blockBytes);
      return Math.min(bytes, whole + Math.ceil(tree));
    },
  };
}
