import { LONG_DATA_LENGTH, MAX_DATA_LENGTH } from "../wire/constants.ts";

/**
 * Memory for the READs of an asynchronous storage, used again when the reply
 * has been sent: a fresh buffer for each costs more than the copy.
 */
export class ReadBuffers {
  readonly #idle: ArrayBuffer[] = [];

  /** A window of `length` bytes. */
  lend(length: number): Uint8Array {
    // Most of a buffer would lie idle under less.
    if (length < LONG_DATA_LENGTH) return new Uint8Array(length);
    return new Uint8Array(this.#idle.pop() ?? new ArrayBuffer(MAX_DATA_LENGTH), 0, length);
  }

  /** Takes back what was lent, or a part of it, that nobody uses any more. */
  takeBack({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === MAX_DATA_LENGTH) {
      this.#idle.push(buffer);
    }
  }
}
