import type { Libc } from "../linux/libc.ts";
import { Lock } from "../linux/linux.ts";

/**
 * Milliseconds that a meter may be behind its clock: what a session has not used for so long is not
 * lost, because a timer is late now and then.
 */
const BURST_MS = 100;

/** A meter that is ahead of its clock by more is damaged, or of another start of the system. */
const MAX_AHEAD_MS = 300_000;

/** Sells the right to move bytes, at a rate. */
export interface Meter {
  /** Bytes for each second. */
  readonly rate: number;
  /**
   * Buys the right to move bytes.
   *
   * @returns Milliseconds until they may be moved; undefined if another process uses the meter at
   *   this moment.
   */
  buy(bytes: number): number | undefined;
}

/** A meter for this session alone. */
export class OwnMeter implements Meter {
  readonly rate: number;
  readonly #now: () => number;
  #next = -Infinity;

  /** @param now The clock, in milliseconds. */
  constructor(rate: number, now = () => performance.now()) {
    this.rate = rate;
    this.#now = now;
  }

  buy(bytes: number): number {
    const now = this.#now();
    const start = Math.max(this.#next, now - BURST_MS);
    this.#next = start + millisecondsFor(bytes, this.rate);
    return Math.max(0, start - now);
  }
}

/** The calls that a meter uses which several processes share. */
type MeterCalls = Pick<Libc, "flock" | "pread" | "pwrite" | "monotonicTime">;

/**
 * A meter that several processes share: a number in a file, which says when the next bytes may be
 * moved. Each process buys a small piece and buys the next one when it has used that, so they take
 * turns; what one does not want is the others'.
 */
export class SharedMeter implements Meter {
  readonly rate: number;
  readonly #libc: MeterCalls;
  readonly #fd: number;
  readonly #at: number;
  readonly #next = new Float64Array(1);
  readonly #bytes = new Uint8Array(this.#next.buffer);

  /** @param at Where the file has the number, in bytes. */
  constructor(libc: MeterCalls, rate: number, { fd, at }: {
    readonly fd: number;
    readonly at: number;
  }) {
    this.rate = rate;
    this.#libc = libc;
    this.#fd = fd;
    this.#at = at;
  }

  buy(bytes: number): number | undefined {
    if (this.#libc.flock(this.#fd, Lock.EX | Lock.NB) < 0) return undefined;
    try {
      const now = this.#libc.monotonicTime();
      const read = this.#libc.pread(this.#fd, this.#bytes, this.#at);
      const [next = NaN] = this.#next;
      const isSound = read === this.#bytes.length && next < now + MAX_AHEAD_MS;
      const start = Math.max(isSound ? next : now, now - BURST_MS);
      this.#next[0] = start + millisecondsFor(bytes, this.rate);
      this.#libc.pwrite(this.#fd, this.#bytes, this.#at);
      return Math.max(0, start - now);
    } finally {
      this.#libc.flock(this.#fd, Lock.UN);
    }
  }
}

function millisecondsFor(bytes: number, rate: number): number {
  return bytes / rate * 1000;
}
