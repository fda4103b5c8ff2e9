import { errorOf } from "../../errno.ts";
import { beyondAnyFile, StorageError } from "../../errors.ts";
import type { Condition, NewObject, Written } from "../client/s3_client.ts";
import type { S3Context, StoredObject } from "../context.ts";
import { ObjectReader } from "./object_reader.ts";
import { MAX_SENT_BYTES, MIN_PART_BYTES, planParts, type Range } from "./plan.ts";
import { bytesAt, isInObject, Rope } from "./rope.ts";
import { Spill } from "./spill.ts";
import { Uploader } from "./uploader.ts";

const MIB = 1024 * 1024;

/** The most bytes of an object. */
const MAX_FILE_BYTES = 5 * 1024 ** 2 * MIB;
/** The most bytes of zeros that one request adds: they are sent. */
const MAX_HOLE_BYTES = 1024 * MIB;
/** What every file may hold, however many there are. */
const MIN_HELD_BYTES = 512 * 1024;
/** The memory from which on the first part waits for the end, because headers are written last. */
const MIN_SHARE_TO_KEEP_FIRST_BYTES = 32 * MIB;
/** The least part that is sent before the file is closed. */
const PART_BYTES = 8 * MIB;
/** Parts grow with the file: their size up to which number. */
const PART_SIZES: readonly (readonly [upTo: number, bytes: number])[] = [
  [1000, PART_BYTES],
  [4000, 2 * PART_BYTES],
  [Infinity, 4 * PART_BYTES],
];
/** The number of the first part that is sent early, where more than one comes before it. */
const FIRST_NUMBER = 1001;

/** How a draft is written. */
export interface DraftOptions {
  /** The key that the object will have. */
  readonly key: string;
  /** What the file is now; absent for one that begins empty. */
  readonly base?: StoredObject | undefined;
  /** Whether nothing is ever read back, so that parts can be sent before the file is closed. */
  readonly isWriteOnly: boolean;
  readonly signal: AbortSignal;
  /** What belongs to the object besides its content, as far as it is known. */
  readonly describe: () => NewObject;
}

/** What was sent early: parts with these numbers, for this range of the file. */
interface Sent {
  readonly start: number;
  end: number;
  /** The number of the first part. */
  readonly first: number;
  /** The number of the next part. */
  next: number;
}

/**
 * A version of a file that is being written, which no session sees until it is published. Its bytes
 * are in memory, in the version that it began from, in objects of its own for what does not fit into
 * memory, and in the parts of the upload that it becomes: what is written in order and not read back
 * is sent at once.
 */
export class Draft {
  readonly #context: S3Context;
  readonly #options: DraftOptions;
  readonly #rope = new Rope();
  readonly #readers = new Map<StoredObject, ObjectReader>();
  readonly #spill: Spill;
  #length = 0;
  #uploader: Uploader | undefined;
  #sent: Sent | undefined;
  /** When the content was last changed. */
  changed = new Date();

  constructor(context: S3Context, options: DraftOptions) {
    this.#context = context;
    this.#options = options;
    this.#spill = new Spill(context, options.signal);
    const { base } = options;
    if (base !== undefined) {
      this.#rope.insertObject(base, { offset: 0, length: base.size }, 0);
      this.#length = base.size;
    }
  }

  /** Size in bytes. */
  get length(): number {
    return this.#length;
  }

  /** Reads into `into` from byte `position`, and returns how many bytes there were. */
  async read(into: Uint8Array, position: number): Promise<number> {
    const end = Math.min(this.#length, position + into.length);
    if (position >= end) return 0;
    this.#refuseSent({ start: position, end });
    const window = into.subarray(0, end - position);
    window.fill(0);
    for (const extent of this.#rope.between(position, end)) {
      const [from, to] = [Math.max(extent.start, position), Math.min(extent.end, end)];
      const part = window.subarray(from - position, to - position);
      const { source } = extent;
      if (!isInObject(source)) {
        part.set(bytesAt(extent, from, to));
        continue;
      }
      const count = await this.#reader(source.object)
        .read(part, source.offset + from - extent.start);
      if (count < part.length) throw errorOf("EIO");
    }
    return window.length;
  }

  /** Writes all of `data` at `position`. */
  async write(data: Uint8Array, position: number): Promise<void> {
    if (data.length === 0) return;
    const end = position + data.length;
    this.#refuseBeyond(end, position);
    this.#refuseSent({ start: position, end });
    this.#context.budget.join(this);
    this.#rope.write(data, position);
    this.#length = Math.max(this.#length, end);
    await this.#relieve(end);
  }

  /** Takes over a range of an object, which the server copies when the draft is published. */
  insert(object: StoredObject, range: { offset: number; length: number }, position: number): void {
    const end = position + range.length;
    this.#refuseBeyond(end, position);
    this.#refuseSent({ start: position, end });
    this.#rope.insertObject(object, range, position);
    this.#length = Math.max(this.#length, end);
  }

  /** Cuts or lengthens to `length` bytes. */
  async resize(length: number): Promise<void> {
    this.#refuseBeyond(length, length);
    const sent = this.#sent;
    if (sent !== undefined && length < sent.end) {
      if (length > sent.start) throw sentAlready();
      await this.#forgetSent();
    }
    if (length < this.#length) this.#rope.clear(length, this.#length);
    this.#length = length;
  }

  /** Makes the draft the object with a key; whether that succeeds or not, nothing else stays. */
  async publish(key: string, condition: Condition): Promise<Written> {
    try {
      if (this.#uploader === undefined && this.#length <= MAX_SENT_BYTES) {
        return await this.#put(key, condition);
      }
      return await this.#complete(key, condition);
    } catch (error) {
      await this.#uploader?.abort().catch(() => {}); // The first failure says more.
      throw error;
    } finally {
      this.#uploader = undefined;
      await this.discard();
    }
  }

  /** Removes all of the draft; what cannot be removed now is swept later. */
  async discard(): Promise<void> {
    this.#context.budget.leave(this);
    for (const reader of this.#readers.values()) reader.close();
    this.#rope.clear(0, Infinity);
    await this.#uploader?.abort().catch(() => {}); // Swept later.
    this.#uploader = undefined;
    await this.#spill.close();
  }

  async #put(key: string, condition: Condition): Promise<Written> {
    const { client, conditions, gate } = this.#context;
    const { signal, describe } = this.#options;
    return await gate.pass(this.#length, async () => {
      const body = await this.#gather({ start: 0, end: this.#length });
      return await conditions.send(
        condition,
        (condition) => client.put(key, body, { ...describe(), ...condition, signal }),
      );
    });
  }

  async #complete(key: string, condition: Condition): Promise<Written> {
    const uploader = this.#uploader ??= this.#newUploader(key);
    const { start, end, next } = this.#sent ??
      { start: this.#length, end: this.#length, next: 1 };
    const before = await this.#sendAll(uploader, { start: 0, end: start }, 1);
    if (this.#sent !== undefined && before > next) throw errorOf("EFBIG");
    await this.#sendAll(uploader, { start: end, end: this.#length }, Math.max(before, next));
    if (uploader.key === key) return await uploader.complete(condition);
    // It was renamed meanwhile: nothing has the old name any more.
    const written = await uploader.complete({ ifNoneMatch: "*" });
    const { client } = this.#context;
    const copied = await client.copy({ key: uploader.key, ifMatch: written.etag }, key);
    await client.remove(uploader.key);
    return copied;
  }

  /** Sends a range as parts from a number on, and returns the number after them. */
  async #sendAll(uploader: Uploader, range: Range, first: number): Promise<number> {
    const extents = this.#rope.between(range.start, range.end);
    let number = first;
    for (const part of planParts(extents, range, range.end === this.#length)) {
      if ("object" in part) {
        const { object, offset, length } = part;
        await uploader.copy(number++, object, { start: offset, end: offset + length });
      } else {
        await uploader.send(number++, part.end - part.start, () => this.#gather(part));
      }
    }
    return number;
  }

  async #gather({ start, end }: Range): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(end - start);
    await this.read(bytes, start);
    return bytes;
  }

  /** Sends, or stores elsewhere, what is more than this file may hold. */
  async #relieve(written: number): Promise<void> {
    if (this.#options.isWriteOnly) {
      for (let range = this.#ripe(written); range !== undefined; range = this.#ripe(written)) {
        await this.#sendEarly(range);
      }
    }
    const allowed = Math.max(MIN_HELD_BYTES, this.#context.budget.share);
    while (this.#rope.held > allowed) await this.#spill.take(this.#rope);
  }

  /** A range around what was written last that can be sent as a part now. */
  #ripe(written: number): Range | undefined {
    const sent = this.#sent;
    const share = this.#context.budget.share;
    const bytes = share < MIN_SHARE_TO_KEEP_FIRST_BYTES ? MIN_PART_BYTES : partBytes(sent);
    if (sent !== undefined) {
      const { end } = this.#rope.memoryAround(sent.end + 1);
      return end - sent.end >= bytes ? { start: sent.end, end: sent.end + bytes } : undefined;
    }
    const run = this.#rope.memoryAround(written);
    const keepsFirst = share >= MIN_SHARE_TO_KEEP_FIRST_BYTES;
    const least = keepsFirst ? PART_BYTES : run.start === 0 ? 0 : MIN_PART_BYTES;
    const start = Math.max(run.start, least);
    return run.end - start >= bytes ? { start, end: start + bytes } : undefined;
  }

  async #sendEarly({ start, end }: Range): Promise<void> {
    const uploader = this.#uploader ??= this.#newUploader(this.#options.key);
    const first = firstNumber(start);
    const sent = this.#sent ??= { start, end: start, first, next: first };
    await uploader.send(sent.next, end - start, () => this.#gather({ start, end }));
    // From here on the part counts, and its bytes are no longer here.
    sent.next++;
    sent.end = end;
    this.#rope.clear(start, end);
  }

  async #forgetSent(): Promise<void> {
    const uploader = this.#uploader;
    this.#uploader = undefined;
    this.#sent = undefined;
    await uploader?.abort();
  }

  #newUploader(key: string): Uploader {
    const { signal, describe } = this.#options;
    return new Uploader(this.#context, key, {
      object: describe(),
      signal,
    });
  }

  #reader(object: StoredObject): ObjectReader {
    let reader = this.#readers.get(object);
    if (reader === undefined) {
      reader = new ObjectReader(this.#context, object, this.#options.signal);
      this.#readers.set(object, reader);
    }
    return reader;
  }

  #refuseSent({ start, end }: Range): void {
    const sent = this.#sent;
    if (sent !== undefined && start < sent.end && end > sent.start) throw sentAlready();
  }

  #refuseBeyond(end: number, position: number): void {
    if (!Number.isSafeInteger(end)) throw beyondAnyFile(end);
    if (end > MAX_FILE_BYTES) throw errorOf("EFBIG");
    if (position - this.#length > MAX_HOLE_BYTES) {
      throw new StorageError(
        "failure",
        `holes of more than ${MAX_HOLE_BYTES} bytes are not stored`,
      );
    }
  }
}

function partBytes(sent: Sent | undefined): number {
  const count = sent === undefined ? 0 : sent.next - sent.first;
  return PART_SIZES.find(([upTo]) => count < upTo)![1];
}

function firstNumber(start: number): number {
  if (start === 0) return 1;
  return start <= MAX_SENT_BYTES ? 2 : FIRST_NUMBER;
}

/** Parts of an upload can be neither read nor changed. */
function sentAlready(): StorageError {
  return new StorageError(
    "failure",
    "this part of the file is in the bucket already: to change it, open it to read and write",
  );
}
