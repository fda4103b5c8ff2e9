import type { Framer } from "../../lib/wire/framer.ts";

/** Copies a chunk into a framer, as far as it fits, and returns how many bytes that were. */
export function push(framer: Framer, chunk: Uint8Array): number {
  const room = framer.free();
  const count = Math.min(room.length, chunk.length);
  room.set(chunk.subarray(0, count));
  framer.commit(count);
  return count;
}
