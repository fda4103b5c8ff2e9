import { beyondAnyFile } from "../errors.ts";
import { errorOf } from "../errno.ts";
import type { Space } from "./space.ts";

const MIN_CAPACITY_BYTES = 64;

/**
 * The bytes of a file, in a buffer that doubles as it fills. All bytes between
 * the length and the end of the buffer are zero, so that a file that grows shows
 * zeros where nothing was written.
 */
export class Content {
  readonly #space: Space;
  #bytes = new Uint8Array(0);
  #length = 0;

  /** Starts empty and takes its bytes from `space`. */
  constructor(space: Space) {
    this.#space = space;
  }

  /** Bytes. */
  get length(): number {
    return this.#length;
  }

  /** At most `length` bytes from `position` on: a view that is valid until the next change. */
  view(position: number, length: number): Uint8Array {
    const end = Math.min(position + length, this.#length);
    return this.#bytes.subarray(Math.min(position, end), end);
  }

  /** Writes all of `data` at `position`, or fails and changes nothing. */
  write(data: Uint8Array, position: number): void {
    // Writing no bytes does not extend the file, as with write(2).
    if (data.length === 0) return;
    if (position + data.length > this.#length) this.#lengthen(position + data.length);
    this.#bytes.set(data, position);
  }

  /** Truncates or extends to `length` bytes, or fails and changes nothing. */
  resize(length: number): void {
    if (length > this.#length) this.#lengthen(length);
    else this.#shorten(length);
  }

  #lengthen(length: number): void {
    if (!Number.isSafeInteger(length)) throw beyondAnyFile(length);
    const added = length - this.#length;
    this.#space.takeBytes(added);
    if (length > this.#bytes.length) {
      try {
        this.#setCapacity(Math.max(length, this.#bytes.length * 2, MIN_CAPACITY_BYTES));
      } catch (error) {
        this.#space.giveBytes(added);
        // The machine has less memory than the limit of the space allows.
        if (error instanceof RangeError) throw errorOf("ENOSPC");
        throw error;
      }
    }
    this.#length = length;
  }

  #shorten(length: number): void {
    this.#bytes.fill(0, length, this.#length);
    this.#space.giveBytes(this.#length - length);
    this.#length = length;
    if (length < this.#bytes.length / 4) this.#setCapacity(length);
  }

  #setCapacity(capacity: number): void {
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(capacity));
  }
}
