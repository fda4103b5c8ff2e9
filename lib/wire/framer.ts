import { MAX_PACKET_LENGTH } from "./constants.ts";
import { ProtocolError } from "./errors.ts";
import type { Reader } from "./reader.ts";

const LENGTH_FIELD = 4;
const LARGEST_FRAME = LENGTH_FIELD + MAX_PACKET_LENGTH;
const OVERSIZE_EXIT_STATUS = 11;

/**
 * Cuts a stream of bytes into packets. It holds one buffer, which is read into
 * and whose packets are views, so nothing is copied but what a packet leaves
 * behind it.
 */
export class Framer {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;

  /** @param capacity Bytes of the buffer; at least one packet of the largest size fits. */
  constructor(capacity: number = LARGEST_FRAME) {
    this.#bytes = new Uint8Array(Math.max(capacity, LARGEST_FRAME));
  }

  /**
   * The room behind what has been read, for the next read: never empty once
   * {@linkcode next} has returned false. Lent until {@linkcode commit}; what
   * was lent of earlier packets ends here.
   */
  free(): Uint8Array<ArrayBuffer> {
    // Moving the beginning of a packet costs, so it waits until there is no room for the rest.
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    } else if (this.#bytes.length - this.#end < LARGEST_FRAME) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#bytes.subarray(this.#end);
  }

  /** Takes the first `count` bytes of {@linkcode free} as read. */
  commit(count: number): void {
    this.#end += count;
  }

  /** Copies a chunk in, as far as it fits, and returns how many bytes that were. */
  push(chunk: Uint8Array): number {
    const room = this.free();
    const count = Math.min(room.length, chunk.length);
    room.set(chunk.subarray(0, count));
    this.commit(count);
    return count;
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
