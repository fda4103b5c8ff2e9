import { ConnectError } from "../connection_options.ts";

/** A moment by which something must have happened. */
export class Deadline {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Aborts when the moment has come; its reason says what for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Moves the moment: `seconds` from now, 0 for never. */
  set(seconds: number, message: string): void {
    clearTimeout(this.#timer);
    if (seconds === 0) return;
    this.#timer = setTimeout(
      () => this.#controller.abort(new ConnectError(message)),
      seconds * 1000,
    );
  }

  /** What is awaited, or the deadline's failure where that comes first. */
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

  /** There is no moment any more. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}
