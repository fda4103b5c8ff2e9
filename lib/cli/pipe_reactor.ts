/**
 * Several descriptors, waited for at once on this thread: the client's on the one side, those of a
 * child process on the other.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Bytes, Libc } from "../storage/local/libc.ts";
import { Reading, type ReadNow, Writing, type WritingOptions } from "./pipe_ends.ts";
import { PollSet, type Waiting } from "./poll_set.ts";

const FOR_EVER = -1;

/**
 * Milliseconds that this thread waits by itself. It is long for what comes at once, and short for
 * timers, signals and whatever else waits for the event loop. After that another thread waits. A
 * full pipe has room for much by then.
 */
const PATIENCE = 1;

/**
 * Who makes one request at a time gets each reply sooner where the thread that waits for it does not
 * go to sleep: so it looks this often before, which takes some hundred microseconds. A host that is
 * near answers within that, and going to sleep and being woken would take both sides as much.
 */
const LOOKS = 250;

/** Fewer bytes than several requests have. */
const LIGHT = 256;

/** So many times little has to come, one after the other, until somebody makes one request at a time. */
const STEADY = 8;

/** The calls by which it waits. */
export interface ReactorCalls extends Pick<Libc, "pollElsewhere"> {
  /** poll(2) */
  poll(fds: Bytes, timeout: number): number;
}

/** Reads, one call at a time. */
export interface PipeReader {
  /** Bytes when there are some; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Leaves the descriptor alone from now on; its end has come. */
  stop(): void;
}

/** Writes, one call at a time. */
export interface PipeWriter {
  /** Writes all of these bytes, which are lent until it settles. */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Leaves the descriptor alone from now on; what is being written and what follows fails. */
  stop(reason: unknown): void;
}

/**
 * Moves bytes as soon as that is possible without waiting: a write at once, where there is room,
 * and everything else in one turn, when nothing else is left to run. Between two turns the event
 * loop has its own.
 *
 * Each time that Deno itself reads or writes elsewhere than on this thread costs as much as the
 * system needs for a whole small request.
 */
export class PipeReactor {
  readonly #calls: ReactorCalls;
  readonly #readings: Reading[] = [];
  readonly #writings: Writing[] = [];
  /** All of them: the readings come first. */
  #all = new PollSet([]);
  /** What other threads wait for, so that none waits for the same; kept, since they write to it. */
  readonly #elsewhere = new Map<string, PollSet>();
  #isScheduled = false;
  /** How many times little has come since it was more. */
  #light = 0;

  constructor(calls: ReactorCalls) {
    this.#calls = calls;
  }

  /** Returns what reads from a descriptor. */
  reader(fd: number, readNow: ReadNow): PipeReader {
    const reading = new Reading(fd, readNow);
    this.#readings.push(reading);
    this.#all = new PollSet([...this.#readings, ...this.#writings]);
    return {
      read: (into) => {
        this.#schedule();
        return reading.read(into);
      },
      stop: () => reading.stop(),
    };
  }

  /** Returns what writes to a descriptor. */
  writer(fd: number, options: WritingOptions): PipeWriter {
    const writing = new Writing(fd, options);
    this.#writings.push(writing);
    this.#all = new PollSet([...this.#readings, ...this.#writings]);
    return {
      write: (parts) => {
        this.#schedule();
        return writing.write(parts);
      },
      stop: (reason) => writing.stop(reason),
    };
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  /** Writes, or, where there is nothing to write, waits: what was written may bring more to write. */
  #turn(): void {
    this.#isScheduled = false;
    if (this.#attemptWrites()) {
      this.#schedule();
      return;
    }
    if (!this.#all.ask(isLeftOut)) return;
    if (this.#waitHere()) {
      this.#attemptReads();
      this.#schedule();
    } else if (this.#attemptWrites({ evenResting: true })) {
      this.#schedule();
    } else {
      this.#waitElsewhere();
    }
  }

  /** Waits on this thread for a moment; whether something has happened. */
  #waitHere(): boolean {
    const { fds } = this.#all;
    for (let looks = this.#light >= STEADY ? LOOKS : 0; looks > 0; looks--) {
      if (this.#calls.poll(fds, 0) > 0) return true;
    }
    return this.#calls.poll(fds, PATIENCE) > 0;
  }

  #attemptWrites({ evenResting = false } = {}): boolean {
    let isMoving = false;
    for (const writing of this.#writings) {
      if (writing.isResting && !evenResting) continue;
      isMoving = writing.attempt() || isMoving;
    }
    return isMoving;
  }

  #attemptReads(): void {
    let count = 0;
    for (const [index, reading] of this.#readings.entries()) {
      if (reading.isWaiting && this.#all.isReadable(index)) count += reading.attempt();
    }
    if (count >= LIGHT) this.#light = 0;
    else if (count > 0) this.#light++;
  }

  #waitElsewhere(): void {
    const waiting = this.#all.waiting;
    const key = waiting.map(({ fd, events }) => `${fd}:${events}`).join(" ");
    if (this.#elsewhere.has(key)) return;
    const set = new PollSet(waiting);
    set.ask();
    this.#elsewhere.set(key, set);
    this.#calls.pollElsewhere(set.fds, FOR_EVER).finally(() => {
      this.#elsewhere.delete(key);
      this.#schedule();
    });
  }
}

/** A wide pipe that is full is tried again after a while instead. */
function isLeftOut(one: Waiting): boolean {
  return one instanceof Writing && one.isResting;
}
