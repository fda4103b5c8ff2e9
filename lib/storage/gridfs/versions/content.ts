import { errorOf } from "../../errno.ts";
import { beyondAnyFile, StorageError } from "../../errors.ts";
import type { ChunkReader } from "./chunk_reader.ts";
import type { ChunkSender } from "./chunk_sender.ts";
import { MAX_CHUNKS } from "../database/layout.ts";

/** The most changed chunks to hold before the oldest is sent unfinished. */
const MAX_HELD_CHUNKS = 8;
/**
 * The most bytes of a file that were never written: GridFS has no holes, so zeros are stored, and a
 * client can ask for any number of them with one request.
 */
const MAX_HOLE_BYTES = 1024 * 1024 * 1024;
/** The most chunks of zeros, where chunks are small. */
const MAX_HOLE_CHUNKS = 16_384;

export interface ContentParts {
  readonly chunkSize: number;
  readonly sender: ChunkSender;
  /** The version to begin from; absent for an empty file. */
  readonly base?: ChunkReader | undefined;
  /** Stops long work. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of a file that is being written: chunks that are held, over chunks that were sent, over
 * those of the version that it began from, over zeros. One operation at a time.
 */
export class Content {
  readonly #chunkSize: number;
  readonly #sender: ChunkSender;
  readonly #base: ChunkReader | undefined;
  readonly #signal: AbortSignal | undefined;
  /** Bytes at the beginning of the base that are still valid. */
  #baseEnd: number;
  /** A whole chunk's room each, with zeros after what was written. */
  readonly #held = new Map<number, Uint8Array>();
  #length: number;
  /** Chunks below the length that are in none of these: zeros, which are stored at the end. */
  #holes = 0;

  constructor({ chunkSize, sender, base, signal }: ContentParts) {
    this.#chunkSize = chunkSize;
    this.#sender = sender;
    this.#base = base;
    this.#signal = signal;
    this.#length = this.#baseEnd = base?.length ?? 0;
  }

  /** Size in bytes. */
  get length(): number {
    return this.#length;
  }

  /** How many chunks there are. */
  get count(): number {
    return Math.ceil(this.#length / this.#chunkSize);
  }

  /** Reads into `into` from byte `position`, and returns how many bytes there were. */
  async read(into: Uint8Array, position: number): Promise<number> {
    const end = Math.min(this.#length, position + into.length);
    let at = position;
    while (at < end) {
      const n = Math.floor(at / this.#chunkSize);
      const from = at - n * this.#chunkSize;
      const room = Math.min(this.#chunkSize - from, end - at);
      const bytes = (await this.#lend(n)).subarray(from, from + room);
      into.set(bytes, at - position);
      // After a chunk's bytes come zeros.
      into.fill(0, at - position + bytes.length, at - position + room);
      at += room;
    }
    return Math.max(0, at - position);
  }

  /** Writes all of `data` at `position`. */
  async write(data: Uint8Array, position: number): Promise<void> {
    if (data.length === 0) return;
    this.#refuseBeyond(position + data.length);
    this.#leaveHoles(Math.floor(position / this.#chunkSize));
    this.#sender.prepare();
    let at = 0;
    while (at < data.length) {
      const n = Math.floor((position + at) / this.#chunkSize);
      const from = position + at - n * this.#chunkSize;
      const part = data.subarray(at, at + this.#chunkSize - from);
      const chunk = await this.#hold(n, part.length === this.#chunkSize);
      chunk.set(part, from);
      at += part.length;
      this.#length = Math.max(this.#length, position + at);
      // A caller that writes the file in order is done with a chunk at its end.
      if (from + part.length === this.#chunkSize) await this.#send(n);
    }
    await this.#sendOldest();
  }

  /** Cuts or lengthens to `length` bytes. */
  async resize(length: number): Promise<void> {
    this.#refuseBeyond(length);
    if (length >= this.#length) {
      this.#leaveHoles(Math.ceil(length / this.#chunkSize));
    } else {
      this.#baseEnd = Math.min(this.#baseEnd, length);
      this.#sender.cut(length, this.#chunkSize);
      for (const [n, chunk] of this.#held) {
        const kept = length - n * this.#chunkSize;
        if (kept <= 0) this.#held.delete(n);
        else chunk.fill(0, kept);
      }
      this.#length = length;
      this.#holes = this.#countHoles();
    }
    this.#length = length;
    await this.#sendOldest();
  }

  /** Sends everything that is held to the database. */
  async flush(): Promise<void> {
    for (const n of [...this.#held.keys()]) await this.#send(n, { keep: true });
    await this.#sender.flush();
  }

  /**
   * Sends what is missing, including the unchanged chunks of the base, so that every chunk exists
   * and has the right length.
   */
  async finish(): Promise<void> {
    for (let n = 0; n < this.count; n++) {
      if (this.#held.has(n)) {
        await this.#send(n);
      } else if (!this.#isThere(n)) {
        await this.#hold(n, false);
        await this.#send(n);
      }
    }
    await this.#sender.flush();
  }

  /** The most changed chunks to hold: a quarter of what the file may hold. */
  get #mostHeld(): number {
    return Math.max(
      1,
      Math.min(MAX_HELD_CHUNKS, Math.floor(this.#sender.share / 4 / this.#chunkSize)),
    );
  }

  /** Bytes of chunk `n`. */
  #lengthOf(n: number): number {
    return Math.max(0, Math.min(this.#chunkSize, this.#length - n * this.#chunkSize));
  }

  /** The chunks that were written, each once. */
  get #changed(): Set<number> {
    return new Set([...this.#held.keys(), ...this.#sender.sent.keys()]);
  }

  /**
   * Extends the file with chunks that were never written, up to chunk `end`; refuses too many of
   * them.
   */
  #leaveHoles(end: number): void {
    const holes = this.#holes + Math.max(0, end - this.count);
    const bytes = Math.min(MAX_HOLE_BYTES, MAX_HOLE_CHUNKS * this.#chunkSize);
    if (holes * this.#chunkSize > bytes) {
      throw new StorageError("failure", `holes of more than ${bytes} bytes are not stored`);
    }
    this.#holes = holes;
  }

  #countHoles(): number {
    const inBase = Math.ceil(this.#baseEnd / this.#chunkSize);
    let holes = this.count - inBase;
    for (const n of this.#changed) if (n >= inBase && n < this.count) holes--;
    return holes;
  }

  #isThere(n: number): boolean {
    const length = this.#lengthOf(n);
    const sent = this.#sender.sent.get(n);
    return sent !== undefined && sent.length === length && sent.valid === length;
  }

  /** A chunk that will be changed; its old bytes do not matter if all of it is written. */
  async #hold(n: number, isWhole: boolean): Promise<Uint8Array> {
    const held = this.#held.get(n);
    if (held !== undefined) return held;
    this.#signal?.throwIfAborted();
    const chunk = new Uint8Array(this.#chunkSize);
    if (!isWhole) chunk.set(await this.#lend(n));
    if (n < this.count && this.#isHole(n)) this.#holes--;
    this.#held.set(n, chunk);
    return chunk;
  }

  /** Whether nothing was written to a chunk that is not held. */
  #isHole(n: number): boolean {
    return !this.#sender.sent.has(n) && n * this.#chunkSize >= this.#baseEnd;
  }

  /** The bytes of a chunk, perhaps without the zeros at its end. */
  async #lend(n: number): Promise<Uint8Array> {
    const held = this.#held.get(n);
    if (held !== undefined) return held;
    if (this.#sender.sent.has(n)) return await this.#sender.read(n);
    const inBase = this.#baseEnd - n * this.#chunkSize;
    if (this.#base === undefined || inBase <= 0) return NOTHING;
    if (this.#base.chunkSize === this.#chunkSize) {
      return (await this.#base.chunk(n)).subarray(0, inBase);
    }
    const bytes = new Uint8Array(Math.min(this.#chunkSize, inBase));
    await this.#base.read(bytes, n * this.#chunkSize);
    return bytes;
  }

  async #send(n: number, { keep = false } = {}): Promise<void> {
    this.#signal?.throwIfAborted();
    const bytes = this.#held.get(n)!.subarray(0, this.#lengthOf(n));
    if (!keep) this.#held.delete(n);
    // A chunk that stays held may change while it is sent.
    await this.#sender.put(n, keep ? bytes.slice() : bytes);
  }

  async #sendOldest(): Promise<void> {
    for (const n of this.#held.keys()) {
      if (this.#held.size <= this.#mostHeld) return;
      await this.#send(n);
    }
  }

  #refuseBeyond(length: number): void {
    if (!Number.isSafeInteger(length)) throw beyondAnyFile(length);
    if (length > MAX_CHUNKS * this.#chunkSize) throw errorOf("EFBIG");
  }
}

const NOTHING = new Uint8Array(0);
