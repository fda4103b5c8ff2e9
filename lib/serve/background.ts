import { after, isPromise } from "../async/maybe_promise.ts";
import type { MaybePromise } from "../storage/storage.ts";
import type { Polling } from "../transport/stdio.ts";

/** The client leaves the session alone this long before something is done in the background. */
const QUIET_MS = 5;

/** Time between two steps in a session that lets others run anyway. */
const PAUSE_MS = 5;

/** Time between two looks at whether there is something to do, in such a session. */
const LOOK_MS = 500;

/** Work that a session does step by step while its client asks for nothing. */
export interface Background {
  /** Whether there is something to do now. */
  readonly isDue: boolean;
  /** Does a little of it. */
  step(): MaybePromise<void>;
}

/** Does work in the background, one step at a time. */
export class BackgroundWork {
  readonly #work: Background | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  /** @param work Undefined if there never is something to do. */
  constructor(work: Background | undefined) {
    this.#work = work;
  }

  /**
   * Takes steps until something comes from the client, or `goesOn` returns false.
   *
   * @param polling Without it, nothing is done.
   */
  whileQuiet(polling: Polling | undefined, goesOn: () => boolean): MaybePromise<void> {
    const work = this.#work;
    while (work?.isDue === true && polling !== undefined && goesOn()) {
      if (polling.wait({ input: true, output: false, timeout: QUIET_MS }).input) return;
      const done = work.step();
      if (isPromise(done)) return done.then(() => this.whileQuiet(polling, goesOn));
    }
  }

  /** Takes steps between whatever else runs, from now on. */
  start(): void {
    const work = this.#work;
    if (work === undefined || this.#isOver) return;
    this.#timer = setTimeout(() => {
      after(work.isDue ? work.step() : undefined, () => this.start());
    }, work.isDue ? PAUSE_MS : LOOK_MS);
  }

  /** Takes no more steps. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
