import { LONG_DATA_LENGTH } from "./constants.ts";
import { ProtocolError } from "./errors.ts";
import { decodeName } from "../names.ts";

const NUL = "\0";

/** Keeps bytes of packets where they are, for longer than the packet. */
export interface Keeper {
  /** From now on these bytes stay as they are, until they are given back. */
  keep(bytes: Uint8Array): void;
}

/**
 * A cursor over the body of one packet. Every bounds check of the codec is in
 * {@linkcode Reader.prototype.take}; a decoder is the list of its fields.
 */
export class Reader {
  #bytes: Uint8Array;
  #at: number;
  #end: number;
  /** Whether byte strings are copied, and what can keep them instead. */
  #copies = false;
  #keeper: Keeper | undefined;

  /** Reads `bytes` from `start` to `end`. */
  constructor(bytes: Uint8Array = new Uint8Array(0), start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Sets the cursor on other bytes, so that one cursor serves a whole session. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /**
   * A cursor at the same place that outlives the packet in what it returns: bytes are copies.
   *
   * @param keeper Keeps what {@linkcode data} returns, where that is long.
   */
  copying(keeper?: Keeper): Reader {
    const reader = new Reader(this.#bytes, this.#at, this.#end);
    reader.#copies = true;
    reader.#keeper = keeper;
    return reader;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  /** Moves over `length` bytes and returns where they begin. */
  take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw new ProtocolError("packet is too short for its fields");
    this.#at = start + length;
    return start;
  }

  /** `byte` */
  u8(): number {
    return this.#bytes[this.take(1)]!;
  }

  /** `uint32` */
  u32(): number {
    const at = this.take(4);
    const bytes = this.#bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) |
      bytes[at + 3]!) >>> 0;
  }

  /**
   * `uint64`, exact up to `Number.MAX_SAFE_INTEGER` and beyond it the nearest
   * double, which `Number.isSafeInteger` tells apart.
   */
  u64(): number {
    return this.u32() * 0x1_0000_0000 + this.u32();
  }

  /** `uint64`, all 64 bits. */
  bigU64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** `string` of any bytes: a view of the packet, lent as long as the packet is. */
  bytes(): Uint8Array {
    const length = this.u32();
    const start = this.take(length);
    return this.#part(start, start + length);
  }

  /** As {@linkcode bytes}, for what may be long: with a keeper, long data stays where it is until it is released. */
  data(): Uint8Array {
    const length = this.u32();
    if (this.#keeper === undefined || length < LONG_DATA_LENGTH) {
      return this.#part(this.take(length), this.#at);
    }
    const start = this.take(length);
    const kept = this.#bytes.subarray(start, start + length);
    this.#keeper.keep(kept);
    return kept;
  }

  /** All bytes that are left: a view of the packet, lent as long as the packet is. */
  rest(): Uint8Array {
    const start = this.take(this.remaining);
    return this.#part(start, this.#end);
  }

  /** A cursor over the bytes of a `string` that is packed inside. */
  inner(): Reader {
    const length = this.u32();
    const start = this.take(length);
    const reader = new Reader(this.#bytes, start, start + length);
    reader.#copies = this.#copies;
    return reader;
  }

  /**
   * `string` that is a name or text. One NUL at its end is dropped and any
   * other is malformed, as in OpenSSH's server.
   */
  name(): string {
    const length = this.u32();
    const start = this.take(length);
    const name = decodeName(this.#bytes, start, start + length);
    const nul = name.indexOf(NUL);
    if (nul === -1) return name;
    if (nul === name.length - 1) return name.slice(0, nul);
    throw new ProtocolError("string contains a NUL byte");
  }

  #part(start: number, end: number): Uint8Array {
    return this.#copies ? this.#bytes.slice(start, end) : this.#bytes.subarray(start, end);
  }
}
