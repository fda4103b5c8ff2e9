import type { GridFsContext } from "../database/context.ts";
import { sweep, sweepOwn } from "./sweep.ts";

/** Milliseconds between two sweeps of what other sessions have left. */
const INTERVAL_MS = 10 * 60_000;
/** Milliseconds between two attempts to finish what this session itself has left halfway. */
const OWN_INTERVAL_MS = 5000;
/** Milliseconds for the last attempt. */
const CLOSE_TIMEOUT_MS = 2000;

/** Sweeps from time to time, as long as a session lasts, what other sessions have left. */
export class Sweeper {
  readonly #context: GridFsContext;
  readonly #log: (line: string) => void;
  readonly #closing = new AbortController();
  readonly #timers: readonly ReturnType<typeof setInterval>[];
  #sweeping: Promise<void> = Promise.resolve();

  /** Begins at once. */
  constructor(context: GridFsContext, log: (line: string) => void = () => {}) {
    this.#context = context;
    this.#log = log;
    this.#sweepLater(sweep);
    const { journal } = context;
    this.#timers = [
      setInterval(() => this.#sweepLater(sweep), INTERVAL_MS),
      setInterval(() => {
        if (journal.abandoned.length > 0) this.#sweepLater(sweepOwn);
      }, OWN_INTERVAL_MS),
    ];
    for (const timer of this.#timers) Deno.unrefTimer(timer);
  }

  /** Stops a running sweep, and waits for its end. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#context.journal.abandoned.length > 0) {
      this.#sweepLater(sweepOwn);
      await this.#settledWithin(CLOSE_TIMEOUT_MS);
    }
    this.#closing.abort();
    await this.#sweeping;
  }

  /** Waits for the end of a running sweep, but at most this many milliseconds. */
  async #settledWithin(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    await Promise.race([this.#sweeping, promise]);
    clearTimeout(timer);
  }

  #sweepLater(work: typeof sweep): void {
    this.#sweeping = this.#sweeping.then(async () => {
      const { signal } = this.#closing;
      if (signal.aborted) return;
      try {
        await work(this.#context, {
          mend: true,
          signal,
          found: ({ kind, what, mended }) =>
            this.#log(`${kind} ${mended ? "swept" : "left"}: ${what}`),
        });
      } catch (error) {
        // The next sweep tries again.
        this.#log(`sweep failed: ${error instanceof Error ? error.name : "unknown"}`);
      }
    });
  }
}
