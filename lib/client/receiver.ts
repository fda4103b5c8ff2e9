import { MAX_PACKET_LENGTH, PacketType } from "../wire/constants.ts";
import { ProtocolError } from "../wire/errors.ts";
import { Reader } from "../wire/reader.ts";
import { DATA_HEADER_LENGTH } from "../wire/replies.ts";

const LENGTH_FIELD = 4;

/** What a DATA packet's length counts beside the data: type, id, count. */
const DATA_OVERHEAD = DATA_HEADER_LENGTH - LENGTH_FIELD;

/** Where packets go. */
export interface PacketSink {
  /** Takes a whole packet; the reader is at its type, and is lent until this returns. */
  packet(packet: Reader): void;

  /**
   * Says where the `count` bytes of a DATA packet go that arrives in pieces;
   * undefined if it must come whole.
   */
  window(id: number, count: number): Uint8Array | undefined;

  /** Says that the `count` bytes are in their window. */
  filled(id: number, count: number): void;
}

/**
 * Cuts the chunks that a server sends into packets. A packet that lies in one
 * chunk is taken from there; the bytes of a DATA packet that lies in several
 * go from each chunk straight to where they are wanted.
 */
export class Receiver {
  readonly #sink: PacketSink;
  readonly #reader = new Reader();
  /** The beginning of a packet whose end has not come. */
  #held = new Uint8Array(1024);
  #heldLength = 0;
  /** The window of a DATA packet on its way, and how far it is filled. */
  #window: Uint8Array | undefined;
  #windowFilled = 0;
  #windowId = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  /** Whether the stream is between two packets. */
  get idle(): boolean {
    return this.#heldLength === 0 && this.#window === undefined;
  }

  /** Where the next bytes would best go; undefined where that is not known. */
  get room(): Uint8Array | undefined {
    return this.#window?.subarray(this.#windowFilled);
  }

  /**
   * Takes the next bytes, which may be in {@linkcode room} already.
   *
   * @throws {ProtocolError} If they are not SFTP, or what the sink throws.
   */
  accept(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#window !== undefined
        ? this.#fill(chunk, at)
        : this.#heldLength > 0
        ? this.#hold(chunk, at)
        : this.#cut(chunk, at);
    }
  }

  /** Moves on to the end of the packet that begins at `at`, or holds its beginning. */
  #cut(chunk: Uint8Array, at: number): number {
    const length = packetLength(chunk, at);
    const end = at + LENGTH_FIELD + length;
    if (end > chunk.length) return this.#hold(chunk, at);
    this.#deliver(chunk, at + LENGTH_FIELD, end);
    return end;
  }

  /** Holds bytes until it is known where they go. */
  #hold(chunk: Uint8Array, at: number): number {
    let next = this.#top(chunk, at, LENGTH_FIELD);
    if (this.#heldLength < LENGTH_FIELD) return next;
    const length = packetLength(this.#held, 0);
    if (length > DATA_OVERHEAD) {
      next = this.#top(chunk, next, DATA_HEADER_LENGTH);
      if (this.#heldLength < DATA_HEADER_LENGTH) return next;
      if (this.#heldLength === DATA_HEADER_LENGTH && this.#open(length)) return next;
    }
    next = this.#top(chunk, next, LENGTH_FIELD + length);
    if (this.#heldLength === LENGTH_FIELD + length) {
      this.#heldLength = 0;
      this.#deliver(this.#held, LENGTH_FIELD, LENGTH_FIELD + length);
    }
    return next;
  }

  /** Tops what is held up to `wanted` bytes, as far as the chunk has them. */
  #top(chunk: Uint8Array, at: number, wanted: number): number {
    const count = Math.min(wanted - this.#heldLength, chunk.length - at);
    if (count <= 0) return at;
    if (this.#held.length < wanted) {
      const grown = new Uint8Array(Math.max(wanted, Math.min(this.#held.length * 2, 65536)));
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(chunk.subarray(at, at + count), this.#heldLength);
    this.#heldLength += count;
    return at + count;
  }

  /** Opens the window of a DATA packet whose header is held. */
  #open(length: number): boolean {
    const header = this.#reader;
    header.reset(this.#held, LENGTH_FIELD, DATA_HEADER_LENGTH);
    if (header.u8() !== PacketType.DATA) return false;
    const id = header.u32();
    const count = header.u32();
    if (count !== length - DATA_OVERHEAD) return false;
    this.#window = this.#sink.window(id, count);
    if (this.#window === undefined) return false;
    this.#windowId = id;
    this.#windowFilled = 0;
    this.#heldLength = 0;
    return true;
  }

  #fill(chunk: Uint8Array, at: number): number {
    const window = this.#window!;
    const count = Math.min(window.length - this.#windowFilled, chunk.length - at);
    const place = window.byteOffset + this.#windowFilled;
    const isInPlace = chunk.buffer === window.buffer && chunk.byteOffset + at === place;
    if (!isInPlace) window.set(chunk.subarray(at, at + count), this.#windowFilled);
    this.#windowFilled += count;
    if (this.#windowFilled === window.length) {
      this.#window = undefined;
      this.#sink.filled(this.#windowId, window.length);
    }
    return at + count;
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.reset(bytes, start, end);
    this.#sink.packet(this.#reader);
  }
}

/** The length field at `at`; infinite where less than the field is there. */
function packetLength(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < LENGTH_FIELD) return Infinity;
  const length = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) |
    bytes[at + 3]!) >>> 0;
  if (length > MAX_PACKET_LENGTH) throw new ProtocolError(`packet of ${length} bytes is too long`);
  if (length === 0) throw new ProtocolError("packet is empty");
  return length;
}
