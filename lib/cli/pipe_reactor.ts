/**
 * Several descriptors, waited for at once on this thread: the client's on the one side, those of a
 * child process on the other.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { type Libc, Poll } from "../storage/local/libc.ts";

const POLLFD_LENGTH = 8;
const FOR_EVER = -1;

/**
 * Milliseconds that this thread waits by itself. It is long for what comes at once, and short for
 * timers, signals and whatever else waits for the event loop. After that another thread waits. A
 * full pipe has room for much by then.
 */
const PATIENCE = 1;

/**
 * Who makes one request at a time gets each reply sooner where the thread that waits for it does not
 * go to sleep: so it looks this often before, which takes some fifty microseconds.
 */
const LOOKS = 40;

/** Fewer bytes than several requests have. */
const LIGHT = 256;

/** The calls by which it waits. */
export type ReactorCalls = Pick<Libc, "poll" | "pollElsewhere">;

/** Reads without waiting: bytes read, null at the end, undefined where there is nothing. */
export type ReadNow = (into: Uint8Array) => number | null | undefined;

/** Writes what can be written without waiting, and returns how many bytes that were. */
export type SendNow = (bytes: Uint8Array) => number;

/** Reads, one call at a time. */
export interface PipeReader {
  /** Bytes when there are some; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Leaves the descriptor alone from now on; its end has come. */
  stop(): void;
}

/** Writes, one call at a time. */
export interface PipeWriter {
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Leaves the descriptor alone from now on; what is being written and what follows fails. */
  stop(reason: unknown): void;
}

/**
 * Moves bytes as soon as that is possible without waiting. Everything that has been asked for since
 * is done in one turn, when nothing else is left to run: so what is written together travels
 * together, and between two turns the event loop has its own.
 *
 * Each time that Deno itself reads or writes elsewhere than on this thread costs as much as the
 * system needs for a whole small request.
 */
export class PipeReactor {
  readonly #libc: ReactorCalls;
  readonly #readings: Reading[] = [];
  readonly #writings: Writing[] = [];
  /** What other threads wait for, so that none waits for the same. */
  readonly #elsewhere = new Map<string, Uint8Array<ArrayBuffer>>();
  #isScheduled = false;
  /** Whether the last that came was little. */
  #isLight = false;

  constructor(libc: ReactorCalls) {
    this.#libc = libc;
  }

  /** Returns what reads from a descriptor. */
  reader(fd: number, readNow: ReadNow): PipeReader {
    const reading = new Reading(fd, readNow);
    this.#readings.push(reading);
    return {
      read: (into) => {
        this.#schedule();
        return reading.read(into);
      },
      stop: () => reading.stop(),
    };
  }

  /**
   * Returns what writes to a descriptor.
   *
   * @param isPipe A pipe has room again with every page that is read of it: going on at each would
   * take many times the calls.
   */
  writer(
    fd: number,
    { sendNow, isPipe }: { readonly sendNow: SendNow; readonly isPipe: boolean },
  ): PipeWriter {
    const writing = new Writing(fd, sendNow, isPipe);
    this.#writings.push(writing);
    return {
      write: (bytes) => {
        this.#schedule();
        return writing.write(bytes);
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
    const waiting = [...this.#readings, ...this.#writings].filter((one) => one.isWaiting);
    if (waiting.length === 0) return;
    const fds = pollfds(waiting.filter((one) => !one.isResting));
    if (this.#waitHere(fds)) {
      this.#attemptReads(fds);
      this.#schedule();
    } else if (this.#attemptWrites()) {
      this.#schedule();
    } else {
      this.#waitElsewhere(waiting);
    }
  }

  /** Waits on this thread for a moment; whether something has happened. */
  #waitHere(fds: Uint8Array<ArrayBuffer>): boolean {
    for (let looks = this.#isLight ? LOOKS : 0; looks > 0; looks--) {
      if (this.#libc.poll(fds, 0) > 0) return true;
    }
    return this.#libc.poll(fds, PATIENCE) > 0;
  }

  #attemptWrites(): boolean {
    let isMoving = false;
    for (const writing of this.#writings) isMoving = writing.attempt() || isMoving;
    return isMoving;
  }

  #attemptReads(fds: Uint8Array<ArrayBuffer>): void {
    const ready = readable(fds);
    let count = 0;
    for (const reading of this.#readings) {
      if (reading.isWaiting && ready.has(reading.fd)) count += reading.attempt();
    }
    this.#isLight = count > 0 && count < LIGHT;
  }

  #waitElsewhere(waiting: readonly Waiting[]): void {
    const key = waiting.map(({ fd, events }) => `${fd}:${events}`).join(" ");
    if (this.#elsewhere.has(key)) return;
    const fds = pollfds(waiting);
    this.#elsewhere.set(key, fds);
    this.#libc.pollElsewhere(fds, FOR_EVER).finally(() => {
      this.#elsewhere.delete(key);
      this.#schedule();
    });
  }
}

/** A descriptor that somebody may wait for. */
interface Waiting {
  readonly fd: number;
  readonly events: number;
}

class Reading implements Waiting {
  readonly fd: number;
  readonly events = Poll.IN;
  readonly isResting = false;
  readonly #readNow: ReadNow;
  #into: Uint8Array | undefined;
  #isStopped = false;
  #resolve!: (count: number | null) => void;
  #reject!: (error: unknown) => void;

  constructor(fd: number, readNow: ReadNow) {
    this.fd = fd;
    this.#readNow = readNow;
  }

  get isWaiting(): boolean {
    return this.#into !== undefined;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#isStopped) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#into = into;
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#into !== undefined) this.#resolve(null);
    this.#into = undefined;
  }

  /** Reads what is there, and tells how many bytes that were. */
  attempt(): number {
    let count: number | null | undefined;
    try {
      count = this.#readNow(this.#into!);
      if (count === undefined) return 0;
      this.#resolve(count);
    } catch (error) {
      this.#reject(error);
    }
    this.#into = undefined;
    return count ?? 0;
  }
}

class Writing implements Waiting {
  readonly fd: number;
  readonly events = Poll.OUT;
  readonly #sendNow: SendNow;
  readonly #isPipe: boolean;
  #rest: Uint8Array | undefined;
  #stopped: { readonly reason: unknown } | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(fd: number, sendNow: SendNow, isPipe: boolean) {
    this.fd = fd;
    this.#sendNow = sendNow;
    this.#isPipe = isPipe;
  }

  get isWaiting(): boolean {
    return this.#rest !== undefined;
  }

  get isResting(): boolean {
    return this.#isPipe;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped.reason);
    return new Promise((resolve, reject) => {
      this.#rest = bytes;
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  stop(reason: unknown): void {
    this.#stopped = { reason };
    if (this.#rest !== undefined) this.#reject(reason);
    this.#rest = undefined;
  }

  /** Whether there was anything that could be done. */
  attempt(): boolean {
    if (this.#rest === undefined) return false;
    try {
      const count = this.#sendNow(this.#rest);
      if (count < this.#rest.length) {
        this.#rest = this.#rest.subarray(count);
        return count > 0;
      }
      this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
    this.#rest = undefined;
    return true;
  }
}

/** An array of `struct pollfd`. */
function pollfds(all: readonly Waiting[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(all.length * POLLFD_LENGTH));
  for (const [index, { fd, events }] of all.entries()) {
    view.setInt32(index * POLLFD_LENGTH, fd, true);
    view.setInt16(index * POLLFD_LENGTH + 4, events, true);
  }
  return new Uint8Array(view.buffer);
}

/** The descriptors of which something is to be told: bytes, the end, an error. */
function readable(fds: Uint8Array<ArrayBuffer>): Set<number> {
  const view = new DataView(fds.buffer);
  const found = new Set<number>();
  for (let at = 0; at < fds.length; at += POLLFD_LENGTH) {
    const told = view.getInt16(at + 6, true);
    if ((told & ~Poll.OUT) !== 0) found.add(view.getInt32(at, true));
  }
  return found;
}
