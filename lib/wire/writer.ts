import { encodeNameInto } from "../names.ts";
import { LONG_DATA_LENGTH } from "./constants.ts";

const LENGTH_FIELD = 4;
const SPACE = 0x20;

/**
 * A buffer that packets are appended to. It grows as needed; the caller that fills it
 * bounds it by not taking more work while it is long.
 */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Where what has not been dropped begins. */
  #start = 0;
  /** Where the next byte goes. */
  #end = 0;
  /** Where the packet that is being written begins, and how much was lent before it. */
  #packet = 0;
  #lentBefore = 0;
  /** Bytes that are elsewhere, each with the offset in this buffer that it comes after. */
  #lent: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #lentLength = 0;

  /** @param capacity Bytes to make room for at once. */
  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written and not dropped. */
  get length(): number {
    return this.#end - this.#start + this.#lentLength;
  }

  /** What has been lent (see {@linkcode lend}) and is still needed. */
  get lent(): readonly Uint8Array[] {
    return this.#lent.map(({ bytes }) => bytes);
  }

  /** What has been written and not dropped, in parts: views, lent until the next write. */
  get parts(): readonly Uint8Array[] {
    const parts: Uint8Array[] = [];
    let from = this.#start;
    for (const { at, bytes } of this.#lent) {
      if (at > from) parts.push(this.#bytes.subarray(from, at));
      parts.push(bytes);
      from = at;
    }
    if (this.#end > from) parts.push(this.#bytes.subarray(from, this.#end));
    return parts;
  }

  /** What has been written and not dropped, in one: a view, lent until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    if (this.#lent.length > 0) this.#takeIn();
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Drops the first `count` bytes of what has been {@linkcode written}; it may move what is left. */
  drop(count: number): void {
    if (this.#lent.length > 0) this.#takeIn();
    this.#start += count;
    if (this.#start === this.#end) this.clear();
    else this.#compact();
  }

  /** Drops everything. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
    this.#lent = [];
    this.#lentLength = 0;
  }

  /** A mark for {@linkcode setU32} and {@linkcode truncate}, good until the packet ends. */
  get position(): number {
    return this.#end;
  }

  /** Takes back everything written since `position`. */
  truncate(position: number): void {
    this.#end = position;
  }

  /** Begins a packet; its length field is filled by {@linkcode end}. */
  begin(type: number): void {
    this.#packet = this.#end;
    this.#lentBefore = this.#lentLength;
    this.#reserve(LENGTH_FIELD + 1);
    this.#end += LENGTH_FIELD;
    this.u8(type);
  }

  /** Ends the packet begun last. */
  end(): void {
    const lent = this.#lentLength - this.#lentBefore;
    this.setU32(this.#packet, this.#end - this.#packet - LENGTH_FIELD + lent);
  }

  /** Takes back the packet begun last, which will not be ended. */
  takeBack(): void {
    this.#end = this.#packet;
    while (this.#lentLength > this.#lentBefore) this.#lentLength -= this.#lent.pop()!.bytes.length;
  }

  /** `byte` */
  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#end++] = value;
  }

  /** `uint32`; values outside are taken modulo 2^32, as C does. */
  u32(value: number): void {
    this.#reserve(4);
    this.setU32(this.#end, value);
    this.#end += 4;
  }

  /** Overwrites the `uint32` at a mark. */
  setU32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** `uint64` from a number, exact up to `Number.MAX_SAFE_INTEGER`; anything beyond is written as the largest one. */
  u64(value: number): void {
    if (value >= 2 ** 64) {
      this.u32(0xffffffff);
      this.u32(0xffffffff);
      return;
    }
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value);
  }

  /** `uint64` from a bigint. */
  bigU64(value: bigint): void {
    this.u32(Number((value >> 32n) & 0xffffffffn));
    this.u32(Number(value & 0xffffffffn));
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** `string` of any bytes. */
  bytes(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** `string` that is a name or text. */
  name(name: string): void {
    this.#reserve(4 + name.length * 3);
    const length = encodeNameInto(name, this.#bytes, this.#end + 4);
    this.u32(length);
    this.#end += length;
  }

  /**
   * `string` of any bytes. Those that are long ({@linkcode LONG_DATA_LENGTH}) are not copied, and
   * are lent until {@linkcode clear}.
   */
  lend(bytes: Uint8Array): void {
    // Bytes of this buffer itself are copied: the next write may overwrite them.
    if (bytes.length < LONG_DATA_LENGTH || bytes.buffer === this.#bytes.buffer) {
      this.#copyIn(bytes);
      return;
    }
    this.u32(bytes.length);
    this.#lent.push({ at: this.#end, bytes });
    this.#lentLength += bytes.length;
  }

  /** A number in decimal digits, with spaces in front to fill `width` columns; no `string`. */
  decimal(value: number, width: number): void {
    const digits = String(value);
    this.#reserve(Math.max(width, digits.length));
    for (let missing = width - digits.length; missing > 0; missing--) {
      this.#bytes[this.#end++] = SPACE;
    }
    this.#end += encodeNameInto(digits, this.#bytes, this.#end);
  }

  /** What has been written from mark `from` to mark `to`, once more. */
  again(from: number, to: number): void {
    this.#reserve(to - from);
    this.#bytes.copyWithin(this.#end, from, to);
    this.#end += to - from;
  }

  /**
   * A window of `length` bytes that begins `skip` bytes after the end: data
   * read into it is in its place already when {@linkcode bytesInPlace} comes.
   * Lent until the next write after that place; {@linkcode drop} ends it, too.
   */
  window(skip: number, length: number): Uint8Array<ArrayBuffer> {
    this.#reserve(skip + length);
    const start = this.#end + skip;
    return this.#bytes.subarray(start, start + length);
  }

  /** `string` whose bytes may be in their place already (see {@linkcode window}); otherwise they are lent. */
  bytesInPlace(bytes: Uint8Array): void {
    const place = this.#end + LENGTH_FIELD;
    if (bytes.buffer !== this.#bytes.buffer || bytes.byteOffset !== place) {
      this.lend(bytes);
      return;
    }
    this.u32(bytes.length);
    this.#end += bytes.length;
  }

  /** Writes a `string` whose bytes may overlap its place: they are moved before the length is set. */
  #copyIn(bytes: Uint8Array): void {
    this.#reserve(LENGTH_FIELD + bytes.length);
    this.#bytes.set(bytes, this.#end + LENGTH_FIELD);
    this.setU32(this.#end, bytes.length);
    this.#end += LENGTH_FIELD + bytes.length;
  }

  /** Copies what was lent to its place. */
  #takeIn(): void {
    const whole = new Uint8Array(Math.max(this.length, this.#bytes.length));
    let end = 0;
    for (const part of this.parts) {
      whole.set(part, end);
      end += part.length;
    }
    this.clear();
    this.#bytes = whole;
    this.#end = end;
  }

  /** Moves what waits to the front, if that costs little for the room that it gives. */
  #compact(): void {
    if (this.#start < this.#bytes.length / 2) return;
    this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }
}
