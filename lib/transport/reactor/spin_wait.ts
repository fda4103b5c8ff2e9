/**
 * Milliseconds for which a thread sleeps by itself. It is long for what comes at once, and short for
 * timers, signals and whatever else waits for the event loop.
 */
const SPIN_MS = 1;

/** Milliseconds within which what comes is worth to stay awake for. */
const WORTH_SPINNING_MS = 0.2;

/** How often it looks in that time, with a call to look and one to give way each time. */
const SPINS = 250;

/** More bytes than small requests and their replies come to. */
const BULK_BYTES = 8192;

/** So many times it sleeps at once after much has come. */
const SLEEPS_AFTER_BULK = 8;

/** What a spinWait is made of. */
export interface SpinWaitCalls {
  /** Whether something has happened, or happens within so many milliseconds. */
  look(timeout: number): boolean;
  /** Lets others go first. */
  giveWay(): void;
  /** Milliseconds, by a clock that never goes back. */
  now(): number;
}

/**
 * Waits for something, asleep or awake, whichever has turned out to be better.
 *
 * To go to sleep and be woken takes both sides longer than a host that is near takes to answer. So
 * who was woken coalesce stays awake the next time and looks again and again, and who looked in vain
 * goes to sleep at once again. Between two looks everybody else goes first, above all those who are
 * waited for; and where a child process has much to give, it needs the processor more.
 */
export class SpinWait {
  readonly #calls: SpinWaitCalls;
  #isAwake = false;
  #naps = 0;

  constructor(calls: SpinWaitCalls) {
    this.#calls = calls;
  }

  /** Is told of bytes that came out of a child process. */
  received(bytes: number): void {
    if (bytes >= BULK_BYTES) this.#naps = SLEEPS_AFTER_BULK;
  }

  /** Waits for a moment; whether something has happened. */
  wait(): boolean {
    const { look, giveWay, now } = this.#calls;
    if (this.#naps > 0) {
      this.#naps--;
      return look(SPIN_MS);
    }
    for (let looks = this.#isAwake ? SPINS : 0; looks > 0; looks--) {
      if (look(0)) return true;
      giveWay();
    }
    const start = now();
    const hasHappened = look(SPIN_MS);
    this.#isAwake = !this.#isAwake && hasHappened && now() - start < WORTH_SPINNING_MS;
    return hasHappened;
  }
}
