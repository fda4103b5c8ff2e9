/**
 * How much a file can grow.
 *
 * @module
 */

import type { NodeUsage, UsageSupport } from "../storage/storage.ts";

/** Pieces of a file that need no tree. */
const PIECES_WITHOUT_TREE = 3;

/** Bytes in the tree for a piece: its blocks are at least half full. */
const TREE_BYTES = 2 * 12;

/**
 * Bytes of the tree that keeps the pieces of a file, which some file systems make only when they
 * write to the disk; no more than a block for each piece.
 *
 * @param pieces How many writes did not begin where the one before has ended.
 */
export function treeBytes(
  pieces: number,
  { blockBytes, nameBytes }: Pick<UsageSupport, "blockBytes" | "nameBytes">,
): number {
  // Those whose directories have no blocks have no such trees.
  if (blockBytes === undefined || nameBytes === 0 || pieces <= PIECES_WITHOUT_TREE) return 0;
  const whole = inBlocks(pieces * TREE_BYTES, blockBytes) + blockBytes;
  return Math.min(whole, (pieces - PIECES_WITHOUT_TREE) * blockBytes);
}

/**
 * Bytes of the blocks that a write touches: it adds no more than these, whatever is there.
 *
 * @param position Undefined for the end, wherever that is.
 */
export function blocksAround(
  position: number | undefined,
  length: number,
  blockBytes: number,
): number {
  if (position === undefined) return (Math.ceil(length / blockBytes) + 1) * blockBytes;
  const first = Math.floor(position / blockBytes);
  return (Math.ceil((position + length) / blockBytes) - first) * blockBytes;
}

/** Bytes that a write adds at most to a file that takes as much as `usage` says. */
export function growthOf(
  { bytes, size }: NodeUsage,
  position: number | undefined,
  length: number,
  { blockBytes }: Pick<UsageSupport, "blockBytes">,
): number {
  const start = position ?? size;
  const end = start + length;
  if (blockBytes === undefined) return Math.max(end - size, 0);
  const whole = inBlocks(size, blockBytes);
  const beyond = Math.max(inBlocks(end, blockBytes) - Math.max(whole, blockStart(start)), 0);
  const within = blocksAround(start, length, blockBytes) - beyond;
  // No more can be filled than there are holes.
  const holes = Math.max(whole - bytes, 0);
  return beyond + Math.min(within, holes);

  function blockStart(at: number): number {
    return Math.floor(at / blockBytes!) * blockBytes!;
  }
}

function inBlocks(bytes: number, blockBytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}
