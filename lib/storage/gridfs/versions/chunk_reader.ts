import type { FindCursor } from "mongodb";
import { StorageError } from "../../errors.ts";
import type { Bucket } from "../database/bucket.ts";
import type { ChunkDoc, FileDoc, FileId } from "../database/documents.ts";
import { fail } from "../database/gridfs_errors.ts";
import { bytesIn, bytesOf, flawOfChunk, type FoundChunk, foundIn } from "./chunk_flaws.ts";
import { layoutOf } from "../database/layout.ts";
import { BATCH_ATTEMPT_MS } from "../database/link.ts";

/** Bytes that are fetched ahead of a reader that goes through a file in order. */
const AHEAD_BYTES = 4 * 1024 * 1024;
/** Chunks behind a reader that are kept, because requests may come a little out of order. */
const KEPT_CHUNKS = 4;
/** Times to look for a chunk that another session may just be putting in its place. */
const MAX_TRIES = 5;
const PAUSE_MS = 50;

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
  /** The first chunk that the cursor has not settled. */
  #position = 0;
  /** The chunk at the position, which counts once it is known that the next one is another. */
  #candidate: ChunkDoc | undefined;
  /** The furthest chunk that somebody wants of the cursor. */
  #wanted = -1;
  /** The last chunk that somebody asked for. */
  #last = -1;
  #isPumping = false;

  constructor(bucket: Bucket, doc: FileDoc) {
    this.#bucket = bucket;
    this.id = doc._id;
    const { length, chunkSize } = layoutOf(doc);
    this.length = length;
    this.chunkSize = chunkSize;
  }

  /** How many chunks are fetched ahead of who reads. */
  get #ahead(): number {
    // A driver holds as much again, in what it has received and not yet given.
    const bytes = Math.min(AHEAD_BYTES, this.#bucket.budget.share / 2);
    return Math.max(1, Math.floor(bytes / this.chunkSize));
  }

  /** Chunks behind a reader that are kept. */
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

  /** What the cursor gives next; it begins again where the connection broke. */
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

  /** Goes on from the same chunk with smaller batches. */
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
        // A gap, or what does not belong there: perhaps another session is just at it.
        if (!this.#goesOn(doc)) {
          await this.#endCursor();
          break;
        }
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

  /** Takes what the cursor gives; false where a chunk is not as it must be. */
  #goesOn(doc: ChunkDoc | null): boolean {
    const candidate = this.#candidate;
    if (candidate !== undefined) {
      const n = this.#position;
      const isLast = n === this.count - 1;
      const found = doc !== null && (isLast || doc.n === n) ? [candidate, doc] : [candidate];
      if (flawOfChunk(n, { found: found.map(foundIn), layout: this }) !== undefined) return false;
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
        const flaw = flawOfChunk(n, { found, layout: this });
        if (flaw === undefined || await this.#hasGrown(n, found)) {
          this.#settle(n, docs[0]!, slot);
          return;
        }
        if (tries === MAX_TRIES) throw new StorageError("failure", flaw);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      slot.settled = true;
      this.#slots.delete(n);
      slot.reject(error);
    }
  }

  /** The chunks that may be chunk `n`, and one behind the last. */
  #ask(n: number): Promise<ChunkDoc[]> {
    const { chunks, hasUniqueChunks } = this.#bucket;
    return n === this.count - 1
      ? chunks.all({ files_id: this.id, n: { $gte: n } }, { sort: { n: 1 }, limit: 2 })
      : chunks.all({ files_id: this.id, n }, { limit: hasUniqueChunks ? 1 : 2 });
  }

  /** Whether what was found fits the file as another session has made it meanwhile. */
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
    return flawOfChunk(n, { found: isLast ? found : found.slice(0, 1), layout }) === undefined;
  }

  #settle(n: number, { data }: ChunkDoc, slot: Slot): void {
    slot.settled = true;
    slot.resolve(bytesOf(data)!.subarray(0, bytesIn(n, this)));
  }
}
