import type { CopyRange, FileHandle } from "../storage.ts";

/** Bytes copied at once. */
const COPY_BYTES = 1024 * 1024;

/**
 * Copies between two files by reading and writing, and returns the number of bytes copied, less than
 * asked for only at the source's end.
 */
export async function copyBytes(range: CopyRange<FileHandle>): Promise<number> {
  const { source, target } = range;
  const buffer = new Uint8Array(COPY_BYTES);
  let copied = 0;
  while (copied < range.length) {
    const room = buffer.subarray(0, Math.min(COPY_BYTES, range.length - copied));
    const count = await source.read(room, range.sourcePosition + copied);
    if (count === 0) break;
    await target.write(room.subarray(0, count), range.targetPosition + copied);
    copied += count;
    await range.checkpoint?.();
  }
  return copied;
}
