import { MAX_DATA_LENGTH } from "../wire/constants.ts";

/** Shorter reads get memory of their own: most of a buffer would lie idle under them. */
const SHORTEST_POOLED = 16 * 1024;

/**
 * Memory for the READs of an asynchronous storage, used again when the reply
 * has been written: a fresh buffer for each costs more than the copy.
 */
export class ReadBuffers {
  readonly #idle: ArrayBuffer[] = [];

  /** A window of `length` bytes. */
  lend(length: number): Uint8Array {
    if (length < SHORTEST_POOLED) return new Uint8Array(length);
    return new Uint8Array(this.#idle.pop() ?? new ArrayBuffer(MAX_DATA_LENGTH), 0, length);
  }

  /** Takes back what was lent, or a part of it, that nobody uses any more. */
  takeBack({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === MAX_DATA_LENGTH) {
      this.#idle.push(buffer);
    }
  }
}
