import { type Extent, isInObject } from "./rope.ts";
import type { StoredObject } from "../context.ts";

const MIB = 1024 * 1024;

/** The least bytes of a part that is not the last. */
export const MIN_PART_BYTES = 5 * MIB;
/** The most bytes that the server copies as one part, or as one object. */
export const MAX_COPY_BYTES = 5 * 1024 * MIB;
/** The most parts of an upload. */
export const MAX_PARTS = 10_000;
/** The most bytes of a part that is sent; halves of more are large enough. */
export const MAX_SENT_BYTES = 2 * MIN_PART_BYTES;

/** A part of an upload: copied by the server, or sent; positions are those of the file. */
export type PlannedPart =
  | { readonly object: StoredObject; readonly offset: number; readonly length: number }
  | { readonly start: number; readonly end: number };

/** A range of a file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Divides a range of a file into parts. What is in objects is copied by the server, as far as a part
 * may be: a part has at least 5 MiB, so a short range between two copies takes what it lacks from
 * the one after it, or before.
 *
 * @param isLast Whether the range ends with the file: its last part may be short.
 */
export function planParts(
  extents: readonly Extent[],
  { start, end }: Range,
  isLast: boolean,
): PlannedPart[] {
  const parts: PlannedPart[] = [];
  let sent = start;
  for (const extent of extents) {
    const copy = copyOf(extent, { start: sent, end }, isLast);
    if (copy === undefined) continue;
    parts.push(...sentParts({ start: sent, end: copy.start }), ...copiedParts(extent, copy));
    sent = copy.end;
  }
  return [...parts, ...sentParts({ start: sent, end })];
}

/** The range of an extent that the server can copy; undefined if all of it has to be sent. */
function copyOf(
  { start, end, source }: Extent,
  open: Range,
  isLast: boolean,
): Range | undefined {
  if (!isInObject(source)) return undefined;
  let from = Math.max(start, open.start);
  let to = Math.min(end, open.end);
  if (from > open.start) from = Math.max(from, open.start + MIN_PART_BYTES);
  if (!isLast && to < open.end) to = Math.min(to, open.end - MIN_PART_BYTES);
  return to - from >= MIN_PART_BYTES ? { start: from, end: to } : undefined;
}

function copiedParts(extent: Extent, { start, end }: Range): PlannedPart[] {
  const { source } = extent;
  if (!isInObject(source)) return [];
  return divided(end - start, MAX_COPY_BYTES).map(([at, length]) => ({
    object: source.object,
    offset: source.offset + start + at - extent.start,
    length,
  }));
}

function sentParts({ start, end }: Range): PlannedPart[] {
  return divided(end - start, MAX_SENT_BYTES).map(([at, length]) => ({
    start: start + at,
    end: start + at + length,
  }));
}

/** Equal pieces, as few as possible: where there are several, each has more than half of `most`. */
function divided(length: number, most: number): (readonly [at: number, length: number])[] {
  const count = Math.ceil(length / most);
  const piece = Math.ceil(length / count);
  return Array.from({ length: count }, (_, index) => {
    const at = index * piece;
    return [at, Math.min(piece, length - at)];
  });
}
