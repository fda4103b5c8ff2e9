import type { Place } from "./publish.ts";
import { sweep } from "./sweep.ts";

/** Milliseconds between two looks for what others have left. */
const INTERVAL = 10 * 60_000;

/** Looks from time to time, for as long as a session lasts, for what others have left. */
export class Sweeper {
  readonly #place: Place;
  readonly #log: (line: string) => void;
  readonly #closing = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #sweeping: Promise<void> = Promise.resolve();

  /** Begins at once. */
  constructor(place: Place, log: (line: string) => void = () => {}) {
    this.#place = place;
    this.#log = log;
    this.#sweepLater();
    this.#timer = setInterval(() => this.#sweepLater(), INTERVAL);
    Deno.unrefTimer(this.#timer);
  }

  /** Breaks off what goes on, and waits for its end. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#sweeping;
  }

  #sweepLater(): void {
    this.#sweeping = this.#sweeping.then(async () => {
      const { signal } = this.#closing;
      if (signal.aborted) return;
      try {
        await sweep(this.#place, {
          mend: true,
          signal,
          found: ({ kind, what, mended }) =>
            this.#log(`${kind} ${mended ? "swept" : "left"}: ${what}`),
        });
      } catch (error) {
        // The next one looks again.
        this.#log(`sweep failed: ${error instanceof Error ? error.name : "unknown"}`);
      }
    });
  }
}
