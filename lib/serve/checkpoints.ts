import { GracePeriod } from "../async/grace_period.ts";
import { after } from "../async/maybe_promise.ts";
import type { MaybePromise } from "../storage/storage.ts";
import { StorageError } from "../storage/errors.ts";
import type { Polling } from "../transport/stdio.ts";

/** Milliseconds of work before the clock and the client are checked. */
const SLICE_MS = 50;

/** This many requests in a row are done before the time is checked. */
const REQUESTS_BETWEEN_LOOKS = 16;

/** As {@linkcode SLICE_MS}, for requests in a row in a loop that lets others run anyway. */
const LONG_SLICE_MS = 500;

/** Time between two checks of the client while a storage works on its requests by promises. */
const WATCH_INTERVAL_MS = 500;

/** Time between two heartbeats of a session that does not block. */
const HEARTBEAT_INTERVAL_MS = 30_000;

/** Time that work still has after the end of input, if nothing tells whether the client reads. */
const AFTER_INPUT_MS = 10_000;

/** What checkpoints check. */
export interface CheckpointOptions {
  /** Tells whether the client reads; if it cannot, the end of the client's input counts instead. */
  readonly polling: Polling | undefined;
  /** Checks the clock while something is done; true when the time of the session is over. */
  readonly isTimeOver: () => boolean;
  /** Whether a request is with the storage. */
  readonly isBusy: () => boolean;
  /** Called with each check, to say that the session is alive. */
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
  /** Whether the loop blocks: then a check is enough, and nothing else wants a turn. */
  #blocks = false;
  #lastLook = performance.now();
  #requests = 0;
  #isOver = false;
  #isClientGone = false;
  #inputEnd = Infinity;
  #watch: ReturnType<typeof setInterval> | undefined;
  #heart: ReturnType<typeof setInterval> | undefined;
  /** For work under way when the client has gone. */
  readonly #grace = new GracePeriod();

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** Whether the session is over: no further request is begun. */
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

  /** From now on the session's own timers run. */
  beat(): void {
    const { heartbeat } = this.#options;
    if (heartbeat !== undefined) this.#heart = setInterval(heartbeat, HEARTBEAT_INTERVAL_MS);
  }

  /** Says whether the loop blocks from now on, and can check without letting others run. */
  setBlocking(blocks: boolean): void {
    this.#blocks = blocks && this.#options.polling?.isClientGone !== undefined;
  }

  /** Says that nothing more comes from the client. */
  inputEnded(): void {
    this.#inputEnd = performance.now();
  }

  /** Settles as `work` does, but throws a moment after the client has gone. */
  async bounded(work: Promise<void>): Promise<void> {
    await this.#grace.bounded(work);
  }

  /** From now on, while the storage works, checks now and then that the client is there. */
  watch(): void {
    if (this.#watch !== undefined || this.#options.polling?.isClientGone === undefined) return;
    if (!this.#options.isBusy()) return;
    this.#watch = setInterval(() => {
      if (!this.#options.isBusy()) this.#unwatch();
      else if (this.#look() && this.#isClientGone) this.#leave();
    }, WATCH_INTERVAL_MS);
  }

  /** Stops all checks. */
  stop(): void {
    this.#unwatch();
    this.#grace.cancel();
    clearInterval(this.#heart);
  }

  #unwatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #leave(): void {
    this.#unwatch();
    this.#grace.begin(new Deno.errors.BrokenPipe("the client has gone"));
  }

  /** Checks, if it is time to; returns whether the session is over. */
  #rest(slice: number): MaybePromise<boolean> {
    if (this.#isOver) return true;
    const now = performance.now();
    if (now - this.#lastLook < slice) return false;
    this.#lastLook = now;
    return this.#blocks ? this.#look() : this.#turn();
  }

  /** Lets others run first. */
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
