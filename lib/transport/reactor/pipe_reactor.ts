/**
 * Waits on this thread for several descriptors at once: the client's on one side, those of a child
 * process on the other.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Libc, VectorCalls } from "../../linux/libc.ts";
import { SpinWait, type SpinWaitCalls } from "./spin_wait.ts";
import { type Origin, Reading, type ReadNow, Writing, type WritingOptions } from "./pipe_ends.ts";
import { PollSet, type Waiting } from "./poll_set.ts";

const FOR_EVER = -1;

/** The calls that it waits with, and a monotonic clock in milliseconds. */
export type ReactorCalls =
  & Pick<Libc, "pollElsewhere">
  & Pick<VectorCalls, "poll" | "giveWay">
  & Pick<SpinWaitCalls, "now">;

/** Reads, one call at a time. */
export interface PipeReader {
  /** Reads bytes when there are some; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Stops using the descriptor; reading ends. */
  stop(): void;
}

/** Writes, one call at a time. */
export interface PipeWriter {
  /** Writes all of these bytes; the caller must not change them until it settles. */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Stops using the descriptor; the current write and later ones fail. */
  stop(reason: unknown): void;
}

/**
 * Moves bytes as soon as that is possible without blocking: a write immediately if there is room,
 * and everything else in one turn, when nothing else is ready to run. The event loop runs between
 * two turns.
 *
 * Each read or write that Deno itself makes on another thread costs as much as the system needs for
 * a whole small request.
 */
export class PipeReactor {
  readonly #calls: ReactorCalls;
  readonly #readings: Reading[] = [];
  readonly #writings: Writing[] = [];
  /** All ends, the readers first. */
  #all = new PollSet([]);
  /** What other threads poll, so that no two poll the same; kept, because they write to it. */
  readonly #elsewhere = new Map<string, PollSet>();
  readonly #spinWait: SpinWait;
  #isScheduled = false;

  constructor(calls: ReactorCalls) {
    this.#calls = calls;
    this.#spinWait = new SpinWait({
      look: (timeout) => calls.poll(this.#all.fds, timeout) > 0,
      giveWay: calls.giveWay,
      now: calls.now,
    });
  }

  /** Returns the reader of a descriptor. */
  reader(fd: number, from: Origin, readNow: ReadNow): PipeReader {
    const reading = new Reading(fd, from, readNow);
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

  /** Returns the writer to a descriptor. */
  writer(fd: number, options: WritingOptions): PipeWriter {
    const writing = new Writing(fd, options, this.#calls.now);
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

  /** Writes, or waits if there is nothing to write: what was written may lead to more to write. */
  #turn(): void {
    this.#isScheduled = false;
    if (this.#attemptWrites()) {
      this.#schedule();
      return;
    }
    if (!this.#all.ask(isLeftOut)) return;
    if (this.#spinWait.wait()) {
      this.#attemptReads();
      this.#schedule();
    } else if (this.#attemptWrites({ evenResting: true })) {
      this.#schedule();
    } else {
      this.#waitElsewhere();
    }
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
    for (const [index, reading] of this.#readings.entries()) {
      if (!reading.isWaiting || !this.#all.isReadable(index)) continue;
      const count = reading.attempt();
      if (reading.from === "child") this.#spinWait.received(count);
    }
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

/** A full wide pipe is tried again after a while instead. */
function isLeftOut(one: Waiting): boolean {
  return one instanceof Writing && one.isResting;
}
