import { MAX_PACKET_LENGTH } from "./constants.ts";
import { ProtocolError } from "./errors.ts";
import { Reader } from "./reader.ts";

const LENGTH_FIELD = 4;
const MAX_FRAME = LENGTH_FIELD + MAX_PACKET_LENGTH;
const OVERSIZE_EXIT_STATUS = 11;

/** Room that is worth a read where the length of the next packet is not known. */
const WORTHWHILE_BYTES = 32 * 1024;

/**
 * Cuts a stream of bytes into packets. It holds one buffer, which is read into
 * and whose packets are views, so nothing is copied but what
 * follows a packet. Where parts of packets are to stay, it goes on in another buffer
 * when that one is full.
 */
export class Framer {
  #bytes: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  /** Buffers of which parts are kept, and how many. */
  readonly #kept = new Map<ArrayBufferLike, number>();
  /** Buffers that are free to continue in. */
  readonly #idle: Uint8Array<ArrayBuffer>[] = [];

  /** @param capacity Bytes of the buffer; at least one packet of the largest size fits. */
  constructor(capacity: number = MAX_FRAME) {
    this.#bytes = new Uint8Array(Math.max(capacity, MAX_FRAME));
  }

  /**
   * The room after what has been read, for the next read: never empty once
   * {@linkcode next} has returned false. Lent until {@linkcode commit}; what
   * was lent of earlier packets ends here.
   */
  free(): Uint8Array<ArrayBuffer> {
    // Moving the beginning of a packet costs time, so that waits until there is no room for the rest.
    if (this.#kept.has(this.#bytes.buffer)) {
      if (this.#bytes.length - this.#end < this.#wanted()) this.#goOn();
    } else if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    } else if (this.#bytes.length - this.#end < MAX_FRAME) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#bytes.subarray(this.#end);
  }

  /** Keeps a part of a packet as it is until {@linkcode release} or {@linkcode forget}. */
  keep(part: Uint8Array): void {
    this.#kept.set(part.buffer, (this.#kept.get(part.buffer) ?? 0) + 1);
  }

  /** Takes back a part that is kept; anything else is ignored. */
  release(part: Uint8Array): void {
    const count = this.#kept.get(part.buffer);
    if (count === undefined) return;
    if (count > 1) {
      this.#kept.set(part.buffer, count - 1);
      return;
    }
    this.#kept.delete(part.buffer);
    if (part.buffer !== this.#bytes.buffer) {
      this.#idle.push(new Uint8Array(part.buffer as ArrayBuffer));
    }
  }

  /** Gives up a part that is kept and may still be in use: its memory is never used again. */
  forget(part: Uint8Array): void {
    if (!this.#kept.has(part.buffer)) return;
    if (part.buffer === this.#bytes.buffer) this.#kept.set(part.buffer, Infinity);
    else this.#kept.delete(part.buffer);
  }

  /** Takes the first `count` bytes of {@linkcode free} as read. */
  commit(count: number): void {
    this.#end += count;
  }

  /** Bytes to have room for: what is missing of a packet, or as many as are worth a read. */
  #wanted(): number {
    const buffered = this.#end - this.#start;
    if (buffered < LENGTH_FIELD) return WORTHWHILE_BYTES;
    const length = new Reader(this.#bytes, this.#start, this.#end).u32();
    return LENGTH_FIELD + length - buffered;
  }

  /** Continues in another buffer, with the part of the next packet that has arrived. */
  #goOn(): void {
    const full = this.#bytes;
    this.#bytes = this.#idle.pop() ?? new Uint8Array(full.length);
    this.#bytes.set(full.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
    if (this.#kept.get(full.buffer) === Infinity) this.#kept.delete(full.buffer);
  }

  /**
   * Sets `packet` on the next whole packet, without its length field.
   *
   * @returns Whether there was one.
   * @throws {ProtocolError} If the packet is empty or longer than 256 KiB.
   */
  next(packet: Reader): boolean {
    const buffered = this.#end - this.#start;
    if (buffered < LENGTH_FIELD) return false;
    packet.reset(this.#bytes, this.#start, this.#end);
    const length = packet.u32();
    if (length > MAX_PACKET_LENGTH) {
      throw new ProtocolError(`packet of ${length} bytes is too long`, OVERSIZE_EXIT_STATUS);
    }
    if (length === 0) throw new ProtocolError("packet is empty");
    if (buffered < LENGTH_FIELD + length) return false;
    const body = this.#start + LENGTH_FIELD;
    this.#start = body + length;
    packet.reset(this.#bytes, body, this.#start);
    return true;
  }
}
