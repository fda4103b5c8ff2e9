import type { MaybePromise } from "../storage/storage.ts";
import type { Meter } from "./meter.ts";

/** What is bought at once: as much as moves in this time. */
const PIECE_MS = 20;
const MIN_PIECE_BYTES = 1024;
const MAX_PIECE_BYTES = 1024 * 1024;

/** Milliseconds until a meter that another process uses is tried again. */
const RETRY_MS = 1;

/** A request that waits. */
interface Waiting {
  readonly bytes: number;
  readonly resolve: () => void;
}

/** A piece that is bought, and when it may be used. */
interface Piece {
  readonly bytes: number;
  readonly wait: number;
}

/**
 * Lets requests pass at the rate of some meters, all of which must agree. Files take turns, so that
 * a small request does not wait for all of a large transfer.
 */
export class Pace {
  readonly #meters: readonly Meter[];
  readonly #pieceBytes: number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  /** Bytes that may be moved now. */
  #credit = 0;
  /** What waits, by its file; the first one is next. */
  readonly #queues = new Map<object, Waiting[]>();
  /** What is bought and may not be used yet. */
  #ahead: Piece | undefined;
  #isRunning = false;

  /** @param meters Those that other processes share first, because only they may be in use. */
  constructor(meters: readonly Meter[], sleep = sleepFor) {
    this.#meters = meters;
    this.#sleep = sleep;
    const bytes = Math.min(...meters.map(({ rate }) => rate)) * PIECE_MS / 1000;
    this.#pieceBytes = Math.round(Math.min(Math.max(bytes, MIN_PIECE_BYTES), MAX_PIECE_BYTES));
  }

  /** Returns when so many bytes of a file may be moved: at once, or by a promise. */
  take(file: object, bytes: number): MaybePromise<void> {
    if (this.#queues.size === 0) {
      this.#ahead ??= this.#missing(bytes);
      if (this.#ahead === undefined) {
        this.#credit -= bytes;
        return;
      }
    }
    return new Promise((resolve) => {
      const queue = this.#queues.get(file);
      const waiting = { bytes, resolve };
      if (queue === undefined) this.#queues.set(file, [waiting]);
      else queue.push(waiting);
      if (!this.#isRunning) this.#run();
    });
  }

  /** Gives back what was not needed. */
  giveBack(bytes: number): void {
    this.#credit += bytes;
  }

  /**
   * Forgets what waits for a file, which is being closed because the session breaks off: its reply
   * is awaited by no one, and a log need not tell of it.
   */
  forget(file: object): void {
    this.#queues.delete(file);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let first = this.#first(); first !== undefined; first = this.#first()) {
      const [file, queue] = first;
      const [{ bytes, resolve }] = queue;
      const piece = this.#ahead ?? this.#missing(bytes);
      if (piece !== undefined) {
        this.#ahead = piece;
        await this.#sleep(piece.wait);
        this.#credit += piece.bytes;
        this.#ahead = undefined;
        continue;
      }
      this.#credit -= bytes;
      queue.shift();
      this.#queues.delete(file);
      if (queue.length > 0) this.#queues.set(file, queue);
      resolve();
    }
    this.#isRunning = false;
  }

  #first(): readonly [object, [Waiting, ...Waiting[]]] | undefined {
    for (const [file, queue] of this.#queues) return [file, queue as [Waiting, ...Waiting[]]];
    return undefined;
  }

  /** Buys until there is credit for so many bytes; returns a piece that has to be waited for. */
  #missing(bytes: number): Piece | undefined {
    while (this.#credit < bytes) {
      const piece = this.#buy();
      if (piece.wait > 0) return piece;
      this.#credit += piece.bytes;
    }
    return undefined;
  }

  #buy(): Piece {
    let wait = 0;
    for (const meter of this.#meters) {
      const more = meter.buy(this.#pieceBytes);
      if (more === undefined) return { bytes: 0, wait: RETRY_MS };
      wait = Math.max(wait, more);
    }
    return { bytes: this.#pieceBytes, wait };
  }
}

function sleepFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
