import { ConnectError } from "../connection_options.ts";

/** A time by which something must have happened. */
export class Deadline {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Aborts at that time; its reason says what was late. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Sets the time to `seconds` from now; 0: never. */
  set(seconds: number, message: string): void {
    clearTimeout(this.#timer);
    if (seconds === 0) return;
    this.#timer = setTimeout(
      () => this.#controller.abort(new ConnectError(message)),
      seconds * 1000,
    );
  }

  /** The result of a promise, or the deadline's failure if that comes first. */
  async race<T>(awaited: Promise<T>): Promise<T> {
    const { signal } = this;
    const late = Promise.withResolvers<never>();
    const fail = () => late.reject(signal.reason);
    signal.addEventListener("abort", fail);
    try {
      return await Promise.race([awaited, late.promise]);
    } finally {
      signal.removeEventListener("abort", fail);
    }
  }

  /** Removes the deadline. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}
