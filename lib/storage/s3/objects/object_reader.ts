import { StorageError } from "../../errors.ts";
import { S3Error } from "../client/s3_errors.ts";
import type { S3Context, StoredObject } from "../context.ts";

/** Reads that are this far from the last one still count as reading in order. */
const SLACK_BYTES = 256 * 1024;
/** The first request of a reader that reads in order; a smaller object is fetched whole. */
const FIRST_BYTES = 256 * 1024;
const WHOLE_BYTES = 1024 * 1024;
/** The most bytes of one request. */
const MAX_RUN_BYTES = 2 * 1024 * 1024;
/** The most bytes to fetch ahead of a reader that reads in order. */
const MAX_AHEAD_BYTES = 8 * 1024 * 1024;
/** How many requests the bytes ahead are divided into. */
const RUNS_AHEAD = 4;

/** A range that was asked for. */
interface Run {
  readonly start: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
  isSettled: boolean;
}

/**
 * Reads one version of an object by ranges: in order, ever more of it ahead of the caller, with
 * several requests at the same time; out of order, what is asked for.
 */
export class ObjectReader {
  /** What is read; the same content may get another key. */
  object: StoredObject;
  readonly #context: S3Context;
  readonly #signal: AbortSignal;
  /** In the order of their starts; none overlaps another. */
  #runs: Run[] = [];
  /** Where the last read ended. */
  #last = 0;
  /** How many bytes to fetch ahead. */
  #window = 0;

  /** @param signal Ends requests that no caller waits for any more. */
  constructor(context: S3Context, object: StoredObject, signal: AbortSignal) {
    this.#context = context;
    this.object = object;
    this.#signal = signal;
  }

  /** Bytes of the object. */
  get length(): number {
    return this.object.size;
  }

  /** Begins to fetch a small object, which then can be read even if it is replaced or removed. */
  prefetch(): void {
    if (this.length === 0 || this.length > SLACK_BYTES) return;
    this.#join();
    this.#fetch(0, this.length);
  }

  /** Reads into `into` from byte `position`, and returns how many bytes there were. */
  async read(into: Uint8Array, position: number): Promise<number> {
    const end = Math.min(this.length, position + into.length);
    if (position >= end) return 0;
    this.#join();
    const isInOrder = Math.abs(position - this.#last) <= SLACK_BYTES;
    const runs: Run[] = [];
    for (let at = position; at < end;) {
      const run = this.#runAt(at) ?? this.#fetch(at, isInOrder ? this.#runBytes(at) : end - at);
      runs.push(run);
      at = run.end;
    }
    this.#last = end;
    if (isInOrder) this.#fetchAhead(end);
    this.#forget(position);
    let at = position;
    for (const run of runs) {
      const bytes = await run.bytes;
      const part = bytes.subarray(at - run.start, Math.min(run.end, end) - run.start);
      into.set(part, at - position);
      at += part.length;
    }
    return at - position;
  }

  /** Releases what is held. */
  close(): void {
    this.#runs = [];
    this.#context.budget.leave(this);
  }

  get #share(): number {
    return this.#context.budget.share;
  }

  #join(): void {
    this.#context.budget.join(this, () => this.#forget(this.#last));
  }

  #runAt(position: number): Run | undefined {
    return this.#runs.find(({ start, end }) => start <= position && position < end);
  }

  /** How many bytes to fetch at once at a position, reading in order. */
  #runBytes(position: number): number {
    if (position === 0 && this.length <= WHOLE_BYTES) return this.length;
    return Math.max(FIRST_BYTES, Math.min(MAX_RUN_BYTES, this.#window / RUNS_AHEAD));
  }

  /** Doubles what is fetched ahead each time that the caller has come nearer to its end. */
  #fetchAhead(position: number): void {
    const most = Math.min(MAX_AHEAD_BYTES, this.#share / 2);
    let end = position;
    for (let run = this.#runAt(end); run !== undefined; run = this.#runAt(end)) end = run.end;
    if (end >= this.length || end - position > this.#window / 2) return;
    this.#window = Math.min(most, Math.max(2 * FIRST_BYTES, 2 * this.#window));
    while (end < this.length && end - position < this.#window) {
      end = this.#fetch(end, this.#runBytes(end)).end;
    }
  }

  #fetch(start: number, length: number): Run {
    const next = this.#runs.findIndex((run) => run.start > start);
    const limit = next === -1 ? this.length : this.#runs[next]!.start;
    const end = Math.min(limit, start + Math.floor(length));
    const run: Run = { start, end, bytes: this.#get(start, end), isSettled: false };
    this.#runs.splice(next === -1 ? this.#runs.length : next, 0, run);
    run.bytes.then(
      () => {
        run.isSettled = true;
      },
      () => {
        // It can be asked for again; the caller who waits for it is told.
        this.#runs = this.#runs.filter((one) => one !== run);
      },
    );
    return run;
  }

  async #get(start: number, end: number): Promise<Uint8Array> {
    const { key, etag, versionId } = this.object;
    const { client } = this.#context;
    const range = { start, end, signal: this.#signal };
    let bytes: Uint8Array;
    try {
      bytes = await client.get(key, { ...range, ifMatch: etag });
    } catch (error) {
      if (!isGone(error)) throw error;
      if (versionId === undefined) throw replaced(error);
      // Older versions may need another right, so they are asked for only now.
      bytes = await client.get(key, { ...range, versionId });
    }
    if (bytes.length !== end - start) {
      throw new StorageError("failure", "the server sent less than the file has");
    }
    return bytes;
  }

  /** Drops what was read, and the oldest of what is more than this file may hold. */
  #forget(position: number): void {
    let held = this.#runs.reduce((sum, { start, end }) => sum + end - start, 0);
    const isOver = ({ end, isSettled }: Run) =>
      isSettled && (end <= position - SLACK_BYTES || held > this.#share);
    this.#runs = this.#runs.filter((run) => {
      if (!isOver(run)) return true;
      held -= run.end - run.start;
      return false;
    });
  }
}

function isGone(error: unknown): boolean {
  return error instanceof S3Error && (error.httpStatus === 412 || error.httpStatus === 404);
}

function replaced(cause: unknown): StorageError {
  return new StorageError("failure", "the file has been changed or removed meanwhile", { cause });
}
