import { Binary, ObjectId } from "mongodb";
import type { Bucket } from "../database/bucket.ts";
import type { ChunkDoc, FileId } from "../database/documents.ts";
import { areDuplicates } from "../database/gridfs_errors.ts";
import { BATCH_ATTEMPT_MS } from "../database/link.ts";

/** Bytes that are sent with one request. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Requests in flight at the same time. */
const MAX_IN_FLIGHT = 2;

/** A chunk that the database has, or will have shortly. */
export interface SentChunk {
  readonly id: ObjectId;
  /** Bytes that it was sent with. */
  length: number;
  /** Bytes at its beginning that are still valid; what was cut off counts as zeros. */
  valid: number;
}

interface Batch {
  readonly chunks: ReadonlyMap<number, Uint8Array>;
  readonly done: Promise<void>;
}

/**
 * Sends chunks in the background: several with one request, a few requests at the same time. An
 * error is thrown by the next call.
 */
export class ChunkSender {
  readonly #bucket: Bucket;
  readonly #id: FileId;
  readonly #begin: () => Promise<void>;
  readonly #sent = new Map<number, SentChunk>();
  /** Chunks that were sent before, and are updated when they are sent again. */
  readonly #stored = new Set<number>();
  #queue = new Map<number, Uint8Array>();
  #queuedBytes = 0;
  readonly #batches = new Set<Batch>();
  #beginning: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param id The `files_id` of the chunks.
   * @param begin Called once, before the first chunk is sent.
   */
  constructor(bucket: Bucket, id: FileId, begin: () => Promise<void>) {
    this.#bucket = bucket;
    this.#id = id;
    this.#begin = begin;
  }

  /** The chunks that were handed over, by number. */
  get sent(): ReadonlyMap<number, SentChunk> {
    return this.#sent;
  }

  /** Bytes that this file may hold in all, sent and not yet sent. */
  get share(): number {
    return this.#bucket.budget.share;
  }

  /** Tells the database that chunks will come, while they are being collected. */
  prepare(): void {
    this.#bucket.budget.join(this);
    if (this.#beginning !== undefined) return;
    this.#beginning = this.#begin();
    // The call that sends the first chunk receives the error.
    this.#beginning.catch(() => {});
  }

  /** Whether anything was written to the database, or is about to be. */
  get hasBegun(): boolean {
    return this.#beginning !== undefined;
  }

  /**
   * Takes a chunk, whose bytes belong to the sender from now on. Resolves when there is room for
   * the next.
   *
   * @throws The error of an earlier chunk.
   */
  async put(n: number, data: Uint8Array): Promise<void> {
    this.#throwFailure();
    this.prepare();
    const known = this.#sent.get(n);
    if (known === undefined) {
      this.#sent.set(n, { id: new ObjectId(), length: data.length, valid: data.length });
    } else {
      // An older state of it may be in flight, and must not overtake this one.
      await this.#landed(n);
      known.length = known.valid = data.length;
    }
    this.#queuedBytes += data.length - (this.#queue.get(n)?.length ?? 0);
    this.#queue.set(n, data);
    const { share } = this;
    // One batch is collected while others are in flight; the driver copies each once more.
    if (this.#queuedBytes < Math.min(BATCH_BYTES, share / 8)) return;
    const most = share < MAX_IN_FLIGHT * BATCH_BYTES ? 1 : MAX_IN_FLIGHT;
    while (this.#batches.size >= most) await this.#anyLanded();
    this.#throwFailure();
    this.#sendQueue();
  }

  /** Waits until the database has everything. */
  async flush(): Promise<void> {
    await this.#beginning;
    if (this.#queue.size > 0) this.#sendQueue();
    await this.settle();
    this.#throwFailure();
  }

  /** Waits until nothing is in flight, whether it succeeded or not. */
  async settle(): Promise<void> {
    // Later requests must not overtake this one.
    await Promise.allSettled([this.#beginning]);
    while (this.#batches.size > 0) await this.#anyLanded();
    // Chunks that are collected now are sent with the next chunk, or never.
    this.#bucket.budget.leave(this);
  }

  /** The bytes of a chunk that was handed over; lent, so they must not be changed. */
  async read(n: number): Promise<Uint8Array> {
    const waiting = this.#queue.get(n) ??
      [...this.#batches].findLast(({ chunks }) => chunks.has(n))?.chunks.get(n);
    const { id, valid } = this.#sent.get(n)!;
    if (waiting !== undefined) return waiting.subarray(0, valid);
    this.#throwFailure();
    const doc = await this.#bucket.chunks.first({ _id: id });
    return doc === undefined ? new Uint8Array(0) : doc.data.buffer.subarray(0, valid);
  }

  /** Drops everything that was sent beyond the first `length` bytes of the file. */
  cut(length: number, chunkSize: number): void {
    for (const [n, chunk] of this.#sent) {
      chunk.valid = Math.max(0, Math.min(chunk.valid, length - n * chunkSize));
    }
  }

  #sendQueue(): void {
    const chunks = this.#queue;
    this.#queue = new Map();
    this.#queuedBytes = 0;
    this.prepare();
    const batch: Batch = {
      chunks,
      done: this.#send(chunks).catch((error) => {
        this.#failure ??= { error };
      }).finally(() => this.#batches.delete(batch)),
    };
    this.#batches.add(batch);
  }

  async #send(chunks: ReadonlyMap<number, Uint8Array>): Promise<void> {
    await this.#beginning;
    const fresh: ChunkDoc[] = [];
    const again: ChunkDoc[] = [];
    for (const [n, bytes] of chunks) {
      const doc = {
        _id: this.#sent.get(n)!.id,
        "files_id": this.#id,
        n,
        data: new Binary(bytes),
      };
      (this.#stored.has(n) ? again : fresh).push(doc);
      this.#stored.add(n);
    }
    if (fresh.length > 0) {
      await this.#bucket.link.persistently(
        (isRepeated) => this.#insert(fresh, isRepeated),
        { attempt: BATCH_ATTEMPT_MS },
      );
    }
    await this.#bucket.chunks.write(again.map(({ _id, data }) => ({
      updateOne: { filter: { _id }, update: { $set: { data } } },
    })));
  }

  async #insert(docs: readonly ChunkDoc[], isRepeated: boolean): Promise<void> {
    try {
      await this.#bucket.chunks.collection.insertMany(docs, { ordered: false });
    } catch (error) {
      // They came through before the connection broke.
      if (!(isRepeated && areDuplicates(error))) throw error;
    }
  }

  async #landed(n: number): Promise<void> {
    for (const { chunks, done } of this.#batches) if (chunks.has(n)) await done;
  }

  async #anyLanded(): Promise<void> {
    await Promise.race([...this.#batches].map(({ done }) => done));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
