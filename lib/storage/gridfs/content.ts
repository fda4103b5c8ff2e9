import { errorOf } from "../errno.ts";
import { beyondAnyFile } from "../errors.ts";
import type { ChunkReader } from "./chunk_reader.ts";
import type { ChunkSender } from "./chunk_sender.ts";

/** Changed chunks that are held at most before the oldest is sent unfinished. */
const MOST_HELD = 8;
/** GridFS numbers chunks with 32 bits. */
const MOST_CHUNKS = 2 ** 31 - 1;

/** What a content is made of. */
export interface ContentParts {
  readonly chunkSize: number;
  readonly sender: ChunkSender;
  /** What is there already; nothing where absent. */
  readonly base?: ChunkReader | undefined;
}

/**
 * The bytes of a file while it is written: chunks that are held, over chunks
 * that were sent, over those of the version that it began from, over zeros.
 * One operation at a time.
 */
export class Content {
  readonly #chunkSize: number;
  readonly #sender: ChunkSender;
  readonly #base: ChunkReader | undefined;
  /** Bytes at the beginning of the base that still count. */
  #baseEnd: number;
  /** A whole chunk's room each, with zeros behind what was written. */
  readonly #held = new Map<number, Uint8Array>();
  #length: number;

  constructor({ chunkSize, sender, base }: ContentParts) {
    this.#chunkSize = chunkSize;
    this.#sender = sender;
    this.#base = base;
    this.#length = this.#baseEnd = base?.length ?? 0;
  }

  /** Bytes. */
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
      // Behind a chunk's bytes there are zeros.
      into.fill(0, at - position + bytes.length, at - position + room);
      at += room;
    }
    return Math.max(0, at - position);
  }

  /** Writes all of `data` at `position`. */
  async write(data: Uint8Array, position: number): Promise<void> {
    if (data.length === 0) return;
    this.#refuseBeyond(position + data.length);
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
      // Who goes through the file in order is done with a chunk at its end.
      if (from + part.length === this.#chunkSize) await this.#send(n);
    }
    await this.#sendOldest();
  }

  /** Cuts or lengthens to `length` bytes. */
  async resize(length: number): Promise<void> {
    this.#refuseBeyond(length);
    if (length < this.#length) {
      this.#baseEnd = Math.min(this.#baseEnd, length);
      this.#sender.cut(length, this.#chunkSize);
      for (const [n, chunk] of this.#held) {
        const kept = length - n * this.#chunkSize;
        if (kept <= 0) this.#held.delete(n);
        else chunk.fill(0, kept);
      }
    }
    this.#length = length;
    await this.#sendOldest();
  }

  /** Brings everything that is held to the database. */
  async flush(): Promise<void> {
    for (const n of [...this.#held.keys()]) await this.#send(n, { keep: true });
    await this.#sender.flush();
  }

  /**
   * Sends what is missing, those of the base that did not change among it, so that each chunk is
   * there and as long as it must be.
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

  /** Changed chunks that are held: a quarter of what the file may hold. */
  get #mostHeld(): number {
    return Math.max(1, Math.min(MOST_HELD, Math.floor(this.#sender.share / 4 / this.#chunkSize)));
  }

  /** Bytes of chunk `n`. */
  #lengthOf(n: number): number {
    return Math.max(0, Math.min(this.#chunkSize, this.#length - n * this.#chunkSize));
  }

  #isThere(n: number): boolean {
    const length = this.#lengthOf(n);
    const sent = this.#sender.sent.get(n);
    return sent !== undefined && sent.length === length && sent.valid === length;
  }

  /** A chunk to be changed; what is in it does not matter where all of it is written. */
  async #hold(n: number, isWhole: boolean): Promise<Uint8Array> {
    const held = this.#held.get(n);
    if (held !== undefined) return held;
    const chunk = new Uint8Array(this.#chunkSize);
    if (!isWhole) chunk.set(await this.#lend(n));
    this.#held.set(n, chunk);
    return chunk;
  }

  /** The bytes of a chunk, perhaps without the zeros at its end. */
  async #lend(n: number): Promise<Uint8Array> {
    const held = this.#held.get(n);
    if (held !== undefined) return held;
    if (this.#sender.sent.has(n)) return await this.#sender.read(n);
    const inBase = this.#baseEnd - n * this.#chunkSize;
    if (this.#base === undefined || inBase <= 0) return NOTHING;
    return (await this.#base.chunk(n)).subarray(0, inBase);
  }

  async #send(n: number, { keep = false } = {}): Promise<void> {
    const bytes = this.#held.get(n)!.subarray(0, this.#lengthOf(n));
    if (!keep) this.#held.delete(n);
    // What is kept may change while it is on its way.
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
    if (length > MOST_CHUNKS * this.#chunkSize) throw errorOf("EFBIG");
  }
}

const NOTHING = new Uint8Array(0);
