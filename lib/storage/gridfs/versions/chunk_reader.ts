import type { FindCursor } from "mongodb";
import { StorageError } from "../../errors.ts";
import type { Bucket } from "../database/bucket.ts";
import type { ChunkDoc, FileDoc, FileId } from "../database/documents.ts";
import { fail } from "../database/gridfs_errors.ts";
import { bytesIn, bytesOf, type FoundChunk, foundIn, problemWithChunk } from "./chunk_problems.ts";
import { layoutOf } from "../database/layout.ts";
import { BATCH_ATTEMPT_MS } from "../database/link.ts";

/** Bytes to fetch ahead of a reader that reads a file in order. */
const AHEAD_BYTES = 4 * 1024 * 1024;
/** Chunks to keep after they were read, because requests may arrive slightly out of order. */
const KEPT_CHUNKS = 4;
/** How often to look for a chunk that another session may be replacing at this moment. */
const MAX_TRIES = 5;
const PAUSE_MS = 50;

/** A chunk that was asked for, or fetched ahead. */
interface Slot extends PromiseWithResolvers<Uint8Array> {
  settled: boolean;
  /** Whether it is asked for by itself. */
  isAlone: boolean;
}

/**
 * Reads the chunks of a version: in order with one cursor, a few chunks ahead of the caller; out of
 * order one by one.
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
  /** Chunks that the cursor fetches at once as long as it lives; 0 if there is no cursor. */
  #batch = 0;
  /**
   * Counts the cursors' passes through the file, so that an old pass is recognized by its number.
   */
  #way = 0;
  /** The first chunk that the cursor has not settled. */
  #position = 0;
  /** The chunk at the position, which counts once the next one is known to be another chunk. */
  #candidate: ChunkDoc | undefined;
  /** The last chunk that the cursor has been asked for. */
  #wanted = -1;
  /** The last chunk that a caller asked for. */
  #last = -1;
  #isPumping = false;

  constructor(bucket: Bucket, doc: FileDoc) {
    this.#bucket = bucket;
    this.id = doc._id;
    const { length, chunkSize } = layoutOf(doc);
    this.length = length;
    this.chunkSize = chunkSize;
  }

  /** How many chunks to fetch ahead of the caller. */
  get #ahead(): number {
    // A driver buffers as much again of what it has received and not yet returned.
    const bytes = Math.min(AHEAD_BYTES, this.#bucket.budget.share / 2);
    return Math.max(1, Math.floor(bytes / this.chunkSize));
  }

  /** How many chunks to keep after they were read. */
  get #kept(): number {
    return Math.min(KEPT_CHUNKS, this.#ahead);
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
    // All are asked for at once, so that the cursor knows how far to go.
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
      // No caller waits for the other chunks any more.
      await Promise.allSettled(parts);
      fail(error);
    }
    return Math.max(0, at - position);
  }

  /** The bytes of chunk `n`, which must be in the file; lent, so they must not be changed. */
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
    // Even if it has already arrived: the cursor must stay ahead of the caller.
    if (this.#cursor !== undefined && n <= this.#wanted + this.#ahead) {
      this.#wanted = Math.max(this.#wanted, n);
      void this.#pump();
    }
    return slot.promise;
  }

  /** Releases what is held. */
  async close(): Promise<void> {
    this.#slots.clear();
    this.#bucket.budget.leave(this);
    await this.#endCursor();
  }

  /** Whether the cursor will soon return chunk `n`. */
  #isInReach(n: number): boolean {
    return this.#cursor !== undefined && n >= this.#position && n <= this.#wanted + this.#ahead;
  }

  #newSlot(n: number): Slot {
    const slot = { ...Promise.withResolvers<Uint8Array>(), settled: false, isAlone: false };
    // What is fetched ahead may fail before a caller waits for it.
    slot.promise.catch(() => {});
    this.#slots.set(n, slot);
    this.#forget();
    return slot;
  }

  /** Drops the oldest chunks that have arrived. */
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
    // A running pump checks this itself.
    if (!this.#isGreedy || this.#isPumping) return;
    this.#batch = 0;
    void this.#endCursor();
    // Each chunk keeps the memory of its whole batch alive.
    for (const [n, { settled }] of this.#slots) if (settled) this.#slots.delete(n);
  }

  #startCursor(n: number): void {
    void this.#endCursor();
    this.#position = n;
    this.#candidate = undefined;
    this.#wanted = n;
    this.#cursor = this.#find(n);
  }

  #find(n: number): FindCursor<ChunkDoc> {
    this.#batch = this.#ahead;
    return this.#bucket.chunks
      .cursor({ files_id: this.id, n: { $gte: n } }, { batchSize: this.#batch })
      .sort({ n: 1 });
  }

  /** What the cursor returns next; begins again where the connection broke. */
  #next(way: number): Promise<ChunkDoc | null> {
    return this.#bucket.link.persistently((again) => {
      if (this.#way !== way) return Promise.resolve(null);
      if (again) this.#findAgain();
      return this.#cursor!.next();
    }, { attempt: BATCH_ATTEMPT_MS });
  }

  #findAgain(): void {
    this.#candidate = undefined;
    this.#cursor = this.#find(this.#position);
  }

  /** Continues from the same chunk with smaller batches. */
  #beginAgain(): void {
    void this.#cursor?.close().catch(() => {});
    this.#findAgain();
  }

  async #endCursor(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    this.#way++;
    await cursor?.close().catch(() => {});
  }

  /** Takes from the cursor what is wanted, and what follows it. */
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
        // A gap, or a chunk that does not belong there: perhaps another session is writing the
        // file.
        if (!this.#goesOn(doc)) {
          await this.#endCursor();
          break;
        }
      }
      if (this.#way === way && this.#position >= this.count) await this.#endCursor();
    } catch {
      // Callers that wait are served one by one below, and receive the error if that fails too.
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

  /** Takes what the cursor returns; false if a chunk is not as it must be. */
  #goesOn(doc: ChunkDoc | null): boolean {
    const candidate = this.#candidate;
    if (candidate !== undefined) {
      const n = this.#position;
      const isLast = n === this.count - 1;
      const found = doc !== null && (isLast || doc.n === n) ? [candidate, doc] : [candidate];
      if (problemWithChunk(n, { found: found.map(foundIn), layout: this }) !== undefined) {
        return false;
      }
      this.#settle(n, candidate, this.#slots.get(n) ?? this.#newSlot(n));
      this.#position++;
    }
    this.#candidate = doc ?? undefined;
    return doc?.n === this.#position || this.#position === this.count;
  }

  async #fetch(n: number, slot: Slot): Promise<void> {
    slot.isAlone = true;
    try {
      for (let tries = 1;; tries++) {
        const docs = await this.#ask(n);
        const found = docs.map(foundIn);
        const problem = problemWithChunk(n, { found, layout: this });
        if (problem === undefined || await this.#hasGrown(n, found)) {
          this.#settle(n, docs[0]!, slot);
          return;
        }
        if (tries === MAX_TRIES) throw new StorageError("failure", problem);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      slot.settled = true;
      this.#slots.delete(n);
      slot.reject(error);
    }
  }

  /** The chunks that may be chunk `n`, and one after the last. */
  #ask(n: number): Promise<ChunkDoc[]> {
    const { chunks, hasUniqueChunks } = this.#bucket;
    return n === this.count - 1
      ? chunks.all({ files_id: this.id, n: { $gte: n } }, { sort: { n: 1 }, limit: 2 })
      : chunks.all({ files_id: this.id, n }, { limit: hasUniqueChunks ? 1 : 2 });
  }

  /** Whether what was found fits the file as another session has changed it meanwhile. */
  async #hasGrown(n: number, found: readonly FoundChunk[]): Promise<boolean> {
    if (found.length === 0) return false;
    const doc = await this.#bucket.files.first(
      { _id: this.id },
      { projection: { length: 1, chunkSize: 1 } },
    );
    if (doc === undefined) return false;
    const layout = layoutOf(doc);
    if (layout.length <= this.length || layout.chunkSize !== this.chunkSize) return false;
    const isLast = n >= Math.ceil(layout.length / layout.chunkSize) - 1;
    return problemWithChunk(n, { found: isLast ? found : found.slice(0, 1), layout }) === undefined;
  }

  #settle(n: number, { data }: ChunkDoc, slot: Slot): void {
    slot.settled = true;
    slot.resolve(bytesOf(data)!.subarray(0, bytesIn(n, this)));
  }
}
