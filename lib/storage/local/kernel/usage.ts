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

/** How the file system that holds an open file counts space. */
export function unitsOf(fd: number, libc: Libc): UsageUnits {
  const words = new BigUint64Array(STRUCT_STATFS_WORDS);
  check(libc.fstatfs(fd, new Uint8Array(words.buffer)));
  const counting = COUNTING.get(Number(words[0]! & 0xffff_ffffn));
  if (counting === undefined) return { nameBytes: 0 };
  const blockBytes = Number(words[1]!);
  return { blockBytes, nameBytes: counting.directories ? DIRECTORY_BLOCKS * blockBytes : 0 };
}
