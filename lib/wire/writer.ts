import { encodeNameInto } from "../names.ts";

const LENGTH_FIELD = 4;

/**
 * A buffer that packets are appended to. It grows as needed; whoever fills it
 * bounds it by not taking more work while it is long.
 */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  #packet = 0;

  /** @param capacity Bytes to make room for at once. */
  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written and not taken. */
  get length(): number {
    return this.#length;
  }

  /** What has been written: a view, lent until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Drops the first `count` bytes. */
  drop(count: number): void {
    if (count < this.#length) this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  /** Takes back everything from byte `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Begins a packet; its length field is filled by {@linkcode end}. */
  begin(type: number): void {
    this.#packet = this.#length;
    this.#reserve(LENGTH_FIELD + 1);
    this.#length += LENGTH_FIELD;
    this.u8(type);
  }

  /** Ends the packet begun last. */
  end(): void {
    this.setU32(this.#packet, this.#length - this.#packet - LENGTH_FIELD);
  }

  /** `byte` */
  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** `uint32`; values outside are taken modulo 2^32, as C does. */
  u32(value: number): void {
    this.#reserve(4);
    this.setU32(this.#length, value);
    this.#length += 4;
  }

  /** Overwrites the `uint32` at byte `at`. */
  setU32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** `uint64` from a number. */
  u64(value: number): void {
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
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** `string` of any bytes. */
  bytes(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** `string` that is a name or text. */
  name(name: string): void {
    this.#reserve(4 + name.length * 3);
    const length = encodeNameInto(name, this.#bytes, this.#length + 4);
    this.u32(length);
    this.#length += length;
  }

  /**
   * A window of `length` bytes that begins `skip` bytes behind the end: data
   * read into it is in its place already when {@linkcode bytesInPlace} comes.
   * Lent until the next write.
   */
  window(skip: number, length: number): Uint8Array<ArrayBuffer> {
    this.#reserve(skip + length);
    const start = this.#length + skip;
    return this.#bytes.subarray(start, start + length);
  }

  /** `string` whose bytes may stand in their place already (see {@linkcode window}). */
  bytesInPlace(bytes: Uint8Array): void {
    this.u32(bytes.length);
    if (bytes.buffer === this.#bytes.buffer && bytes.byteOffset === this.#length) {
      this.#length += bytes.length;
    } else {
      this.raw(bytes);
    }
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
