/** More than any chain of promises is long that leads to the next timer. */
const TURNS = 50;

/** A clock that goes on only while everything waits for it. */
export class VirtualClock {
  now = 1000;
  readonly #timers: { readonly at: number; readonly wake: () => void }[] = [];

  /** Settles when the clock is so many milliseconds further on. */
  readonly sleep = (milliseconds: number): Promise<void> =>
    new Promise((wake) => {
      this.#timers.push({ at: this.now + milliseconds, wake });
    });

  /** Lets the clock run, for so many milliseconds at most. */
  async run(milliseconds = Infinity): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      // All that does not wait for the clock is done.
      for (let turns = 0; turns < TURNS; turns++) await undefined;
      this.#timers.sort((one, other) => one.at - other.at);
      const next = this.#timers[0];
      if (next === undefined || next.at > end) break;
      this.#timers.shift();
      this.now = next.at;
      next.wake();
    }
    if (end !== Infinity) this.now = end;
  }
}
