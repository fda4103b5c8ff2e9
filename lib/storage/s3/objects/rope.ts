import type { StoredObject } from "../context.ts";

/** The most bytes of one buffer that grows with what is written to its end. */
const MAX_BUFFER_BYTES = 1024 * 1024;
const MIN_BUFFER_BYTES = 32 * 1024;
/** What an extent takes besides its bytes. */
const EXTENT_BYTES = 256;

/** Bytes in memory, with room for more behind them. */
interface InMemory {
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** Where in the buffer the extent begins. */
  readonly offset: number;
}

/** Bytes of an object. */
interface InObject {
  readonly object: StoredObject;
  /** Where in the object the extent begins. */
  readonly offset: number;
}

/** A range of a file, and where its bytes are; between extents there are zeros. */
export interface Extent {
  readonly start: number;
  end: number;
  readonly source: InMemory | InObject;
}

/** Whether an extent's bytes are in an object. */
export function isInObject(source: Extent["source"]): source is InObject {
  return "object" in source;
}

/** The bytes of an extent in memory from `start` to `end`, positions of the file; lent. */
export function bytesAt(
  { start, source }: Extent,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  if (isInObject(source)) throw new TypeError("the bytes are not in memory");
  const base = source.offset - start;
  return source.buffer.subarray(base + from, base + to);
}

/**
 * The content of a file that is being written, put together from what is in memory and what is in
 * objects. It makes no request.
 */
export class Rope {
  #extents: Extent[] = [];
  #held = 0;

  /** Bytes of memory. */
  get held(): number {
    return this.#held + this.#extents.length * EXTENT_BYTES;
  }

  /** The extents that have bytes between two positions, in order. */
  between(start: number, end: number): readonly Extent[] {
    const found: Extent[] = [];
    for (let index = this.#after(start); index < this.#extents.length; index++) {
      const extent = this.#extents[index]!;
      if (extent.start >= end) break;
      found.push(extent);
    }
    return found;
  }

  /** Copies `data` to a position. */
  write(data: Uint8Array, position: number): void {
    let at = 0;
    while (at < data.length) {
      const written = this.#writeInPlace(data.subarray(at), position + at);
      if (written === 0) {
        this.#insert(data.subarray(at), position + at);
        return;
      }
      at += written;
    }
  }

  /** Puts a range of an object to a position. */
  insertObject(object: StoredObject, range: { offset: number; length: number }, position: number) {
    const { offset, length } = range;
    if (length === 0) return;
    this.clear(position, position + length);
    this.#add({ start: position, end: position + length, source: { object, offset } });
  }

  /** Forgets what is between two positions. */
  clear(start: number, end: number): void {
    const first = this.#after(start);
    const kept: Extent[] = [];
    let index = first;
    let hasMemory = false;
    for (; index < this.#extents.length; index++) {
      const extent = this.#extents[index]!;
      if (extent.start >= end) break;
      hasMemory ||= !isInObject(extent.source);
      if (extent.start < start) kept.push({ ...extent, end: start });
      if (extent.end > end) kept.push({ ...extent, ...from(extent, end) });
    }
    if (index === first) return;
    this.#extents.splice(first, index - first, ...kept);
    if (hasMemory) this.#count();
  }

  /** The range of bytes in memory, without a gap, around a position or up to it. */
  memoryAround(position: number): { readonly start: number; readonly end: number } {
    let index = this.#after(Math.max(0, position - 1));
    const found = this.#extents[index];
    if (found === undefined || isInObject(found.source) || found.start > position) {
      return { start: position, end: position };
    }
    let { start, end } = found;
    for (let at = index - 1; at >= 0; at--) {
      const before = this.#extents[at]!;
      if (isInObject(before.source) || before.end !== start) break;
      start = before.start;
    }
    for (index++; index < this.#extents.length; index++) {
      const next = this.#extents[index]!;
      if (isInObject(next.source) || next.start !== end) break;
      end = next.end;
    }
    return { start, end };
  }

  /** The first extents in memory, at most `most` bytes of them or one. */
  firstInMemory(most: number): readonly Extent[] {
    const found: Extent[] = [];
    let bytes = 0;
    for (const extent of this.#extents) {
      if (isInObject(extent.source)) continue;
      bytes += extent.end - extent.start;
      if (found.length > 0 && bytes > most) break;
      found.push(extent);
    }
    return found;
  }

  /** Writes into a buffer that has room at this position, and returns how much it took. */
  #writeInPlace(data: Uint8Array, position: number): number {
    let index = this.#after(position);
    let extent = this.#extents[index];
    if (extent === undefined || extent.start > position) {
      // The one that ends here may have room.
      extent = this.#extents[--index];
      if (extent === undefined || extent.end !== position) return 0;
    }
    const { source } = extent;
    if (isInObject(source)) return 0;
    const next = this.#extents[index + 1];
    const at = source.offset + position - extent.start;
    // The halves of an extent that was cut in two have their own parts of the buffer.
    const room = Math.min(source.buffer.length - at, (next?.start ?? Infinity) - position);
    if (room <= 0) return 0;
    const part = data.subarray(0, room);
    source.buffer.set(part, at);
    extent.end = Math.max(extent.end, position + part.length);
    return part.length;
  }

  #insert(data: Uint8Array, position: number): void {
    this.clear(position, position + data.length);
    const before = this.#extents[this.#after(Math.max(0, position - 1))];
    const isInOrder = before !== undefined && before.end === position &&
      !isInObject(before.source);
    // What is written in order gets ever larger buffers.
    const size = isInOrder
      ? Math.min(MAX_BUFFER_BYTES, Math.max(MIN_BUFFER_BYTES, 2 * (before.end - before.start)))
      : 0;
    const buffer = new Uint8Array(Math.max(size, data.length));
    buffer.set(data);
    this.#held += buffer.length;
    this.#add({ start: position, end: position + data.length, source: { buffer, offset: 0 } });
  }

  #add(extent: Extent): void {
    this.#extents.splice(this.#after(extent.start), 0, extent);
  }

  /** The index of the first extent that ends after a position. */
  #after(position: number): number {
    let [low, high] = [0, this.#extents.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#extents[middle]!.end <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #count(): void {
    const buffers = new Set<Uint8Array>();
    for (const { source } of this.#extents) if (!isInObject(source)) buffers.add(source.buffer);
    this.#held = 0;
    for (const { length } of buffers) this.#held += length;
  }
}

/** What is left of an extent from a position on. */
function from({ start, end, source }: Extent, position: number): Extent {
  const offset = source.offset + position - start;
  return { start: position, end, source: { ...source, offset } };
}
