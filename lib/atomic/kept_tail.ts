import { after, isPromise, type MaybePromise } from "../async/maybe_promise.ts";
import type { FileHandle } from "../storage/storage.ts";

/**
 * What a draft keeps of the file that it begins with, and has not copied yet: the bytes from a
 * position on. A client that overwrites all of a file from its beginning, as scp does, needs no
 * copy at all.
 */
export class KeptTail {
  readonly #copy: (from: number) => MaybePromise<void>;
  readonly #base: FileHandle;
  readonly #end: number;
  #from = 0;
  #settling: MaybePromise<void> | undefined;

  /**
   * @param base The file before the upload; closed after its last use.
   * @param end Its size.
   * @param copy Copies its bytes from a position to the end.
   */
  constructor(base: FileHandle, end: number, copy: (from: number) => MaybePromise<void>) {
    this.#base = base;
    this.#end = end;
    this.#copy = copy;
  }

  /** Whether bytes can be written before the tail is copied; then they are not part of it. */
  yields(position: number, length: number): boolean {
    if (this.#settling !== undefined || position > this.#from) return false;
    this.#from = Math.max(this.#from, position + length);
    return true;
  }

  /** Whether a file of this size has nothing left to copy. */
  isOver(size = this.#end): boolean {
    return this.#settling === undefined && this.#from >= size;
  }

  /** Whether the whole tail fits into a file of this size. */
  fits(size: number): boolean {
    return size >= this.#end;
  }

  /** Copies what is left. Later calls wait for the same copy. */
  settle(): MaybePromise<void> {
    if (this.#settling !== undefined) return this.#settling;
    const settled = after(this.isOver() ? undefined : this.#copy(this.#from), () => this.drop());
    if (isPromise(settled)) this.#settling = settled;
    return settled;
  }

  /** It is not needed. */
  drop(): MaybePromise<void> {
    return this.#base.close(false);
  }
}
