import { after } from "../async/maybe_promise.ts";
import type { MaybePromise } from "../storage/storage.ts";
import { StorageError } from "../storage/errors.ts";
import type { Polling } from "../transport/stdio.ts";

/** Work goes on for so long before the clock and the client are looked at. */
const SLICE_MS = 50;

/** So many requests in a row are done before the time is looked at. */
const REQUESTS_BETWEEN_LOOKS = 16;

/** As {@linkcode SLICE_MS}, of requests in a row in a loop that lets others go on anyway. */
const LONG_SLICE_MS = 500;

/** Time between two looks at the client while a storage works on its requests by promises. */
const WATCH_INTERVAL_MS = 500;

/** Time between two heartbeats of a session that does not block. */
const HEARTBEAT_INTERVAL_MS = 30_000;

/** What is under way when the client has gone may still end for so long. */
const GRACE_MS = 1000;

/** Where nothing tells whether the client reads, its work goes on for so long after its input has ended. */
const AFTER_INPUT_MS = 10_000;

/** What checkpoints look at. */
export interface CheckpointOptions {
  /** Tells whether the client reads; where it cannot, the end of the client's input must do. */
  readonly polling: Polling | undefined;
  /** Looks at the clock while something is done; true when the time of the session is over. */
  readonly isTimeOver: () => boolean;
  /** Whether a request is with the storage. */
  readonly isBusy: () => boolean;
  /** Is told with each look that the session goes on. */
  readonly heartbeat: (() => void) | undefined;
  /** Milliseconds. */
  readonly afterInput?: number;
}

/**
 * Where work that a client asks for, and whose amount it chooses, looks up: whether the client is
 * still there, and whether the time of the session is over.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  /** Whether the loop blocks: then a look is all, and nothing else wants a turn. */
  #blocks = false;
  #lastLook = performance.now();
  #requests = 0;
  #isOver = false;
  #isClientGone = false;
  #inputEnd = Infinity;
  #watch: ReturnType<typeof setInterval> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #heart: ReturnType<typeof setInterval> | undefined;
  readonly #left = Promise.withResolvers<never>();

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#left.promise.catch(() => undefined); // Not every session waits for it.
  }

  /** Whether nobody waits for what is done: no further request is begun. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it is over because the client has gone. */
  get isClientGone(): boolean {
    return this.#isClientGone;
  }

  /** To be called between the pieces of a request; fails where the session is over. */
  pass(): MaybePromise<void> {
    return after(this.#rest(SLICE_MS), (isOver) => {
      if (isOver) throw new StorageError("failure", "the session is over");
    });
  }

  /** To be called between requests; whether the session is over. */
  between(): MaybePromise<boolean> {
    if (this.#isOver) return true;
    if (++this.#requests < REQUESTS_BETWEEN_LOOKS) return false;
    this.#requests = 0;
    return this.#rest(this.#blocks ? SLICE_MS : LONG_SLICE_MS);
  }

  /** From now on the session's own timers have their turn. */
  beat(): void {
    const { heartbeat } = this.#options;
    if (heartbeat !== undefined) this.#heart = setInterval(heartbeat, HEARTBEAT_INTERVAL_MS);
  }

  /** Tells whether the loop blocks from now on, where it can look without letting others go on. */
  setBlocking(blocks: boolean): void {
    this.#blocks = blocks && this.#options.polling?.isClientGone !== undefined;
  }

  /** Is told that nothing more comes from the client. */
  inputEnded(): void {
    this.#inputEnd = performance.now();
  }

  /** Does as `work`, but where the client has gone gives it up after a moment, and throws then. */
  async bounded(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#left.promise]);
  }

  /** From now on, and as long as the storage works, looks after the client now and then. */
  watch(): void {
    if (this.#watch !== undefined || this.#options.polling?.isClientGone === undefined) return;
    if (!this.#options.isBusy()) return;
    this.#watch = setInterval(() => {
      if (!this.#options.isBusy()) this.#unwatch();
      else if (this.#look() && this.#isClientGone) this.#leave();
    }, WATCH_INTERVAL_MS);
  }

  /** No look any more. */
  stop(): void {
    this.#unwatch();
    clearTimeout(this.#grace);
    clearInterval(this.#heart);
  }

  #unwatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #leave(): void {
    this.#unwatch();
    const gone = new Deno.errors.BrokenPipe("the client has gone");
    this.#grace = setTimeout(() => this.#left.reject(gone), GRACE_MS);
  }

  /** Looks up, where it is time to; whether the session is over. */
  #rest(slice: number): MaybePromise<boolean> {
    if (this.#isOver) return true;
    const now = performance.now();
    if (now - this.#lastLook < slice) return false;
    this.#lastLook = now;
    return this.#blocks ? this.#look() : this.#turn();
  }

  /** Lets others go on first. */
  async #turn(): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastLook = performance.now();
    return this.#look();
  }

  #look(): boolean {
    const { polling, isTimeOver, heartbeat, afterInput = AFTER_INPUT_MS } = this.#options;
    heartbeat?.();
    this.#isClientGone ||= polling?.isClientGone?.() ??
      performance.now() - this.#inputEnd > afterInput;
    this.#isOver = isTimeOver() || this.#isClientGone;
    return this.#isOver;
  }
}
