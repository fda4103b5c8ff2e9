import { after, isPromise } from "../async/maybe_promise.ts";
import type { MaybePromise } from "../storage/storage.ts";
import type { Polling } from "../transport/stdio.ts";

/** The client leaves the session alone this long before something is done in the background. */
const QUIET_MS = 5;

/** Time between two steps in a session that lets others run anyway. */
const PAUSE_MS = 5;

/**
 * Work that a session does while its client asks for nothing.
 *
 * @returns Whether there is more to do; called until there is not.
 */
export type Background = () => MaybePromise<boolean>;

/** Does work in the background, one step at a time. */
export class BackgroundWork {
  #step: Background | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param step Undefined if there is nothing to do. */
  constructor(step: Background | undefined) {
    this.#step = step;
  }

  /**
   * Takes steps until something comes from the client, or `goesOn` returns false.
   *
   * @param polling Without it, nothing is done.
   */
  whileQuiet(polling: Polling | undefined, goesOn: () => boolean): MaybePromise<void> {
    while (this.#step !== undefined && polling !== undefined && goesOn()) {
      if (polling.wait({ input: true, output: false, timeout: QUIET_MS }).input) return;
      const done = this.#take(this.#step);
      if (isPromise(done)) return done.then(() => this.whileQuiet(polling, goesOn));
    }
  }

  /** Takes steps between whatever else runs, from now on. */
  start(): void {
    if (this.#step === undefined) return;
    this.#timer = setTimeout(() => {
      const step = this.#step;
      if (step === undefined) return;
      after(this.#take(step), () => this.start());
    }, PAUSE_MS);
  }

  /** Takes no more steps. */
  stop(): void {
    this.#step = undefined;
    clearTimeout(this.#timer);
  }

  #take(step: Background): MaybePromise<void> {
    return after(step(), (more) => {
      if (!more) this.#step = undefined;
    });
  }
}
