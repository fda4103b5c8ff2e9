/** The most attempts of one request. */
const MAX_ATTEMPTS = 10;

/** No attempt begins later than this after the first one. */
const PATIENCE_MS = 40_000;

/** The longest wait before the second attempt; it doubles with each further one. */
const FIRST_WAIT_MS = 100;

const LONGEST_WAIT_MS = 8_000;

/** What all requests together may spend on attempts beyond the first, as AWS's own clients do it. */
const BUDGET = 500;

/** What such an attempt costs; each success brings 1 back. */
const ATTEMPT_COST = 5;

/** The first pause of all requests when the server asks for fewer; it doubles when it asks again. */
const FIRST_PAUSE_MS = 250;

const LONGEST_PAUSE_MS = 20_000;

/** What a server wants: nothing, or fewer requests, perhaps none for a time. */
export interface Wish {
  readonly slowDown: boolean;
  /** How long it wants none, in its own words. */
  readonly retryAfterMs?: number | undefined;
}

/** What tests replace. */
export interface Clock {
  now(): number;
  /** From 0 up to but not including 1. */
  random(): number;
  /** Fails with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** When failed requests are made again, and how long all wait for a server that is overloaded. */
export class Retries {
  readonly #clock: Clock;
  #budget = BUDGET;
  /** Until when the server wants no requests. */
  #pausedUntil = 0;
  #pauseMs = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Waits until the server wants requests; then spreads those that have waited together. */
  async ready(signal?: AbortSignal): Promise<void> {
    const pause = this.#pausedUntil - this.#clock.now();
    if (pause <= 0) return;
    await this.#clock.sleep(pause + this.#clock.random() * this.#pauseMs, signal);
  }

  /** The time, for {@linkcode Retries.again}. */
  now(): number {
    return this.#clock.now();
  }

  /** A request has succeeded. */
  succeeded(): void {
    this.#budget = Math.min(BUDGET, this.#budget + 1);
    if (this.#clock.now() >= this.#pausedUntil) this.#pauseMs = Math.floor(this.#pauseMs / 2);
  }

  /**
   * Waits before the next attempt of a request; returns false at once if there shall be none.
   *
   * @param attempt The failed attempt, counted from 1.
   * @param since When the first one began.
   */
  async again(
    attempt: number,
    since: number,
    { slowDown, retryAfterMs = 0 }: Wish,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const now = this.#clock.now();
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
    const wait = this.#clock.random() * most;
    if (slowDown) this.#pause(now, Math.min(retryAfterMs, LONGEST_PAUSE_MS));
    const begins = Math.max(now + wait, this.#pausedUntil);
    if (attempt >= MAX_ATTEMPTS || begins - since > PATIENCE_MS) return false;
    if (this.#budget < ATTEMPT_COST) return false;
    this.#budget -= ATTEMPT_COST;
    await this.#clock.sleep(wait, signal);
    return true;
  }

  /** Requests that were in flight together ask for one pause, not for one each. */
  #pause(now: number, leastMs: number): void {
    if (now >= this.#pausedUntil) {
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    }
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.max(this.#pauseMs, leastMs));
  }
}

const systemClock: Clock = {
  now: () => performance.now(),
  random: Math.random,
  sleep(milliseconds, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, milliseconds);
      function abort() {
        clearTimeout(timer);
        reject(signal?.reason);
      }
      signal?.addEventListener("abort", abort, { once: true });
    });
  },
};
