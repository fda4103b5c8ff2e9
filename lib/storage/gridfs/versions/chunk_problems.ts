import { Binary } from "mongodb";
import type { Layout } from "../database/layout.ts";

/** A chunk as it was found; another program may have written anything. */
export interface FoundChunk {
  readonly n: unknown;
  /** Bytes in it; undefined if it contains something else. */
  readonly bytes: number | undefined;
}

/** The bytes of a chunk; undefined if it contains something else. */
export function bytesOf(data: unknown): Uint8Array | undefined {
  if (data instanceof Binary) return data.buffer.subarray(0, data.position);
  return data instanceof Uint8Array ? data : undefined;
}

/** What a chunk's document says about it. */
export function foundIn({ n, data }: { readonly n: unknown; readonly data: unknown }): FoundChunk {
  return { n, bytes: bytesOf(data)?.length };
}

/** How many bytes must be in chunk `n`. */
export function bytesIn(n: number, { length, chunkSize }: Layout): number {
  return Math.max(0, Math.min(chunkSize, length - n * chunkSize));
}

/**
 * Why a chunk cannot be read, by the rules of the drivers: each exists once and has the right
 * length, and nothing follows the last one. Undefined if it can be read.
 *
 * @param found The chunks with this number, and what comes after the last.
 */
export function problemWithChunk(
  n: number,
  { found: [chunk, further], layout }: {
    readonly found: readonly FoundChunk[];
    readonly layout: Layout;
  },
): string | undefined {
  if (chunk?.n !== n) return `chunk ${n} of the file is missing`;
  if (further?.n === n) {
    return `chunk ${n} of the file is there twice`;
  }
  const { bytes } = chunk;
  const expected = bytesIn(n, layout);
  if (bytes === undefined) return `chunk ${n} of the file holds no bytes`;
  if (bytes !== expected) {
    return `chunk ${n} of the file is too ${bytes < expected ? "short" : "long"}`;
  }
  // An empty chunk counts as none, as in the drivers.
  return (further?.bytes ?? 0) === 0 ? undefined : `chunk ${n} of the file is not its last`;
}
