import { after, orElse } from "../../async/maybe_promise.ts";
import type { FileHandle, MaybePromise, OpenOptions } from "../../storage/storage.ts";
import { createHash, type Hash, type HashName } from "../check_file.ts";
import type { Findings } from "../facts.ts";

/** What is found out about the files that a session writes. */
export interface UploadFacts {
  /** The hash of their content, computed while they are written. */
  readonly hash?: HashName | undefined;
}

/**
 * Clients with many writes in flight send them out of order: this much waits for what belongs before
 * it.
 */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

const OUT_OF_ORDER = "not written in order from its beginning";

/** What is known of a file that is being written, from the writes of one handle. */
export class Upload {
  readonly #name: HashName | undefined;
  readonly #isNew: boolean;
  readonly #waiting = new Map<number, Uint8Array>();
  #waitingBytes = 0;
  #hash: Hash | undefined;
  #hashed = 0;
  /** The end of what was written. */
  #end = 0;
  /** Whether the size follows from the writes alone. */
  #isSizeKnown: boolean;
  #hasWritten = false;
  #unhashed: string | undefined;

  /** For a file that has just been opened for writing. */
  constructor({ truncate, exclusive, append }: OpenOptions, { hash }: UploadFacts) {
    this.#isNew = truncate || exclusive;
    this.#isSizeKnown = this.#isNew && !append;
    this.#name = hash;
    // Another program may append between two writes.
    if (append) this.#unhashed = "appended to";
  }

  /** Bytes were written; they are not kept unless others are missing before them. */
  wrote(data: Uint8Array, position: number): void {
    this.#hasWritten = true;
    this.#end = Math.max(this.#end, position + data.length);
    if (this.#name === undefined || this.#unhashed !== undefined || data.length === 0) return;
    if (position === this.#hashed) this.#take(data);
    else if (position < this.#hashed || this.#waiting.has(position)) this.#giveUp("written twice");
    else this.#keep(data, position);
  }

  /** The storage has copied something into the file. */
  copied(): void {
    this.#hasWritten = true;
    this.#isSizeKnown = false;
    this.#giveUp("copied from another file");
  }

  /** The file's size was set: to the end of what was written, by clients that replace files so. */
  resized(size: number): void {
    this.#isSizeKnown = false;
    if (size < this.#end) this.#giveUp("cut off");
  }

  /** Closes the file, and says what it has become: nothing if it was not written. */
  close(file: FileHandle): MaybePromise<Findings | undefined> {
    if (!this.#hasWritten && !this.#isNew) return after(file.close(false), () => undefined);
    return after(
      this.#sizeOf(file),
      (size) => after(file.close(false), () => this.#findings(size)),
    );
  }

  /** A digest counts only if the storage has no more and no less than what was hashed. */
  #sizeOf(file: FileHandle): MaybePromise<number | undefined> {
    if (this.#isSizeKnown && this.#name === undefined) return this.#end;
    return orElse(() => after(file.stat(), ({ size }) => size), () => undefined);
  }

  #findings(size: number | undefined): Findings {
    if (this.#name === undefined) return { size };
    if (size === undefined) this.#giveUp("the storage does not tell its size");
    else if (size !== this.#hashed) this.#giveUp(OUT_OF_ORDER);
    if (this.#unhashed !== undefined) return { size, unhashed: this.#unhashed };
    this.#hash ??= createHash(this.#name);
    return { size, digest: { algorithm: this.#name, hex: this.#hash.digest("hex") } };
  }

  #take(data: Uint8Array): void {
    this.#hash ??= createHash(this.#name!);
    for (let next: Uint8Array | undefined = data; next !== undefined;) {
      this.#hash.update(next);
      this.#hashed += next.length;
      next = this.#waiting.get(this.#hashed);
      if (next === undefined) return;
      this.#waiting.delete(this.#hashed);
      this.#waitingBytes -= next.length;
    }
  }

  #keep(data: Uint8Array, position: number): void {
    this.#waitingBytes += data.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#giveUp(OUT_OF_ORDER);
    } else {
      this.#waiting.set(position, data.slice());
    }
  }

  #giveUp(reason: string): void {
    this.#unhashed ??= reason;
    this.#waiting.clear();
  }
}
