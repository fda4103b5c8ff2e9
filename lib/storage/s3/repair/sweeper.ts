import { messageOf } from "../../../message_of.ts";
import type { S3Context } from "../context.ts";
import { sweep } from "./sweep.ts";

/** Milliseconds between two sweeps. */
const INTERVAL_MS = 5 * 60_000;

/** Sweeps from time to time, as long as a session lasts, what other sessions have left. */
export class Sweeper {
  readonly #context: S3Context;
  readonly #log: (line: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #sweeping: Promise<void>;

  /** Begins at once. */
  constructor(context: S3Context, log: (line: string) => void = () => {}) {
    this.#context = context;
    this.#log = log;
    this.#sweeping = this.#sweep();
    this.#timer = setInterval(() => {
      this.#sweeping = this.#sweeping.then(() => this.#sweep());
    }, INTERVAL_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** Waits for the end of a running sweep. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { ending } = this.#context;
    if (ending.aborted) return;
    try {
      await sweep(this.#context, { mends: true, found: (what) => this.#log(`${what}: swept`) });
    } catch (error) {
      // The next sweep tries again.
      if (!ending.aborted) this.#log(`sweep failed: ${messageOf(error)}`);
    }
  }
}
