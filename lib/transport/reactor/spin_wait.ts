/**
 * Milliseconds for which a thread sleeps by itself. It is long for what comes at once, and short for
 * timers, signals and whatever else waits for the event loop.
 */
const PATIENCE = 1;

/** Milliseconds within which what comes is worth to stay awake for. */
const SOON = 0.2;

/** How often it looks in that time, with a call to look and one to give way each time. */
const LOOKS = 250;

/** More bytes than small requests and their replies come to. */
const MUCH = 8192;

/** So many times it sleeps at once after much has come. */
const NAPS = 8;

/** What a lookout is made of. */
export interface LookoutCalls {
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
 * who was woken soon stays awake the next time and looks again and again, and who looked in vain
 * goes to sleep at once again. Between two looks everybody else goes first, above all those who are
 * waited for; and where a child process has much to give, it needs the processor more.
 */
export class Lookout {
  readonly #calls: LookoutCalls;
  #isAwake = false;
  #naps = 0;

  constructor(calls: LookoutCalls) {
    this.#calls = calls;
  }

  /** Is told of bytes that came out of a child process. */
  received(bytes: number): void {
    if (bytes >= MUCH) this.#naps = NAPS;
  }

  /** Waits for a moment; whether something has happened. */
  wait(): boolean {
    const { look, giveWay, now } = this.#calls;
    if (this.#naps > 0) {
      this.#naps--;
      return look(PATIENCE);
    }
    for (let looks = this.#isAwake ? LOOKS : 0; looks > 0; looks--) {
      if (look(0)) return true;
      giveWay();
    }
    const start = now();
    const hasHappened = look(PATIENCE);
    this.#isAwake = !this.#isAwake && hasHappened && now() - start < SOON;
    return hasHappened;
  }
}
