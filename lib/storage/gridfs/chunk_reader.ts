import type { FindCursor } from "mongodb";
import { StorageError } from "../errors.ts";
import type { Bucket } from "./bucket.ts";
import { type ChunkDoc, type FileDoc, type FileId, numberOf } from "./documents.ts";
import { fail } from "./gridfs_errors.ts";

/** Bytes that are fetched ahead of a reader that goes through a file in order. */
const AHEAD_BYTES = 4 * 1024 * 1024;
/** Chunks behind a reader that are kept, because requests may come a little out of order. */
const KEPT = 4;
/** Times to look for a chunk that another session may just be putting in its place. */
const TRIES = 5;
const PAUSE = 50;

/** A chunk that was asked for, or fetched ahead. */
interface Slot extends PromiseWithResolvers<Uint8Array> {
  settled: boolean;
  /** It is asked for by itself. */
  isAlone: boolean;
}

/**
 * Reads the chunks of a version: in order by one cursor, a few chunks ahead of
 * who reads; out of order one by one.
 */
export class ChunkReader {
  /** Bytes of the version. */
  readonly length: number;
  /** Bytes in each chunk but the last. */
  readonly chunkSize: number;
  readonly id: FileId;
  readonly #bucket: Bucket;
  readonly #slots = new Map<number, Slot>();
  #cursor: FindCursor<ChunkDoc> | undefined;
  /** Chunks that the cursor fetches at once as long as it lives; 0 where there was none. */
  #batch = 0;
  /** Counts the ways through the file, so that an old one is known by its number. */
  #way = 0;
  /** The chunk that the cursor gives next. */
  #position = 0;
  /** The furthest chunk that somebody wants of the cursor. */
  #wanted = -1;
  /** The last chunk that somebody asked for. */
  #last = -1;
  #isPumping = false;

  constructor(bucket: Bucket, doc: FileDoc) {
    this.#bucket = bucket;
    this.id = doc._id;
    this.length = numberOf(doc.length);
    this.chunkSize = numberOf(doc.chunkSize);
    if (!(this.chunkSize > 0)) throw new StorageError("failure", "file without a chunk size");
  }

  /** How many chunks are fetched ahead of who reads. */
  get #ahead(): number {
    // A driver holds as much again, in what it has received and not yet given.
    const bytes = Math.min(AHEAD_BYTES, this.#bucket.budget.share / 2);
    return Math.max(1, Math.floor(bytes / this.chunkSize));
  }

  /** Chunks behind a reader that are kept. */
  get #kept(): number {
    return Math.min(KEPT, this.#ahead);
  }

  /** How many chunks there are. */
  get count(): number {
    return Math.ceil(this.length / this.chunkSize);
  }

  /** Reads into `into` from byte `position`, and returns how many bytes there were. */
  async read(into: Uint8Array, position: number): Promise<number> {
    const end = Math.min(this.length, position + into.length);
    this.#bucket.budget.join(this, () => this.#shrink());
    let at = position;
    // Asked for at once, so that the cursor knows how far to go.
    const parts: Promise<Uint8Array>[] = [];
    for (let n = Math.floor(at / this.chunkSize); n * this.chunkSize < end; n++) {
      parts.push(this.chunk(n));
    }
    try {
      for (const part of parts) {
        const chunk = await part;
        const from = at % this.chunkSize;
        const bytes = chunk.subarray(from, Math.min(chunk.length, from + end - at));
        into.set(bytes, at - position);
        at += bytes.length;
      }
    } catch (error) {
      // Nobody waits for the others any more.
      await Promise.allSettled(parts);
      fail(error);
    }
    return Math.max(0, at - position);
  }

  /** The bytes of chunk `n`, which is in the file; lent, not to be changed. */
  chunk(n: number): Promise<Uint8Array> {
    let slot = this.#slots.get(n);
    if (slot === undefined) {
      slot = this.#newSlot(n);
      if (!this.#isInReach(n)) {
        if (n === this.#last + 1 && this.count > 1) this.#startCursor(n);
        else void this.#fetch(n, slot);
      }
    }
    this.#last = n;
    // Also where it has come already: the cursor is to stay ahead of who reads.
    if (this.#cursor !== undefined && n <= this.#wanted + this.#ahead) {
      this.#wanted = Math.max(this.#wanted, n);
      void this.#pump();
    }
    return slot.promise;
  }

  /** Gives back what is held. */
  async close(): Promise<void> {
    this.#slots.clear();
    this.#bucket.budget.leave(this);
    await this.#endCursor();
  }

  /** Whether the cursor gives chunk `n` soon. */
  #isInReach(n: number): boolean {
    return this.#cursor !== undefined && n >= this.#position && n <= this.#wanted + this.#ahead;
  }

  #newSlot(n: number): Slot {
    const slot = { ...Promise.withResolvers<Uint8Array>(), settled: false, isAlone: false };
    // What is fetched ahead may fail before anybody waits for it.
    slot.promise.catch(() => {});
    this.#slots.set(n, slot);
    this.#forget();
    return slot;
  }

  /** Drops the oldest of what has come. */
  #forget(): void {
    for (const [n, slot] of this.#slots) {
      if (this.#slots.size <= this.#ahead + this.#kept) return;
      if (slot.settled) this.#slots.delete(n);
    }
  }

  /** Whether the cursor fetches, or has fetched, more at once than it would if it began now. */
  get #isGreedy(): boolean {
    return this.#batch >= 2 * this.#ahead;
  }

  /** Holds less, because another file is read or written as well. */
  #shrink(): void {
    this.#forget();
    // Whoever is at it looks by himself.
    if (!this.#isGreedy || this.#isPumping) return;
    this.#batch = 0;
    void this.#endCursor();
    // Each chunk holds on to all that came with it.
    for (const [n, { settled }] of this.#slots) if (settled) this.#slots.delete(n);
  }

  #startCursor(n: number): void {
    void this.#endCursor();
    this.#position = n;
    this.#wanted = n;
    this.#cursor = this.#find(n);
  }

  #find(n: number): FindCursor<ChunkDoc> {
    this.#batch = this.#ahead;
    return this.#bucket.chunks
      .cursor({ files_id: this.id, n: { $gte: n } }, { batchSize: this.#batch })
      .sort({ n: 1 });
  }

  /** What the cursor gives next; it begins again where the connection broke. */
  #next(way: number): Promise<ChunkDoc | null> {
    return this.#bucket.link.persistently((again) => {
      if (this.#way !== way) return Promise.resolve(null);
      if (again) this.#cursor = this.#find(this.#position);
      return this.#cursor!.next();
    });
  }

  /** Goes on from the same chunk with smaller batches. */
  #beginAgain(): void {
    void this.#cursor?.close().catch(() => {});
    this.#cursor = this.#find(this.#position);
  }

  async #endCursor(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    this.#way++;
    await cursor?.close().catch(() => {});
  }

  /** Takes from the cursor what is wanted and what is next to it. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    const way = this.#way;
    try {
      while (
        this.#way === way && this.#position < this.count &&
        this.#position <= this.#wanted + this.#ahead
      ) {
        if (this.#isGreedy) this.#beginAgain();
        const doc = await this.#next(way);
        if (this.#way !== way) break;
        // A gap: perhaps another session is just putting a chunk in its place.
        if (doc?.n !== this.#position) {
          await this.#endCursor();
          break;
        }
        const slot = this.#slots.get(doc.n) ?? this.#newSlot(doc.n);
        this.#settle(doc, slot);
        this.#position++;
      }
      if (this.#way === way && this.#position >= this.count) await this.#endCursor();
    } catch {
      // Whoever waits is served one by one below, and hears of it if that fails too.
      if (this.#way === way) await this.#endCursor();
    } finally {
      this.#isPumping = false;
    }
    if (this.#cursor === undefined) {
      for (const [n, slot] of this.#slots) {
        if (!slot.settled && !slot.isAlone) void this.#fetch(n, slot);
      }
    } else if (this.#way !== way) {
      void this.#pump();
    }
  }

  async #fetch(n: number, slot: Slot): Promise<void> {
    slot.isAlone = true;
    try {
      for (let tries = 1;; tries++) {
        const doc = await this.#bucket.chunks.first({ files_id: this.id, n });
        if (doc !== undefined) {
          this.#settle(doc, slot);
          return;
        }
        if (tries === TRIES) throw new StorageError("failure", `chunk ${n} of the file is missing`);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    } catch (error) {
      slot.settled = true;
      this.#slots.delete(n);
      slot.reject(error);
    }
  }

  #settle({ n, data }: ChunkDoc, slot: Slot): void {
    slot.settled = true;
    const expected = Math.min(this.chunkSize, this.length - n * this.chunkSize);
    const bytes = data.buffer.subarray(0, Math.min(data.position, expected));
    if (bytes.length === expected) {
      slot.resolve(bytes);
    } else {
      this.#slots.delete(n);
      slot.reject(new StorageError("failure", `chunk ${n} of the file is too short`));
    }
  }
}
