/** Bytes of file data that are asked for, or on their way, at once. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Requests that are unanswered at once, as OpenSSH's client has them. */
const MAX_REQUESTS = 64;

/** How many requests for `length` bytes each are made before the first is answered. */
export function requestsInFlight(length: number): number {
  return Math.max(2, Math.min(MAX_REQUESTS, Math.floor(MAX_BYTES / length)));
}

/**
 * Runs at most this many tasks at once. After a failure none is
 * started, and those that run are waited for, since they use lent buffers.
 */
export class InFlight {
  readonly #most: number;
  readonly #onFailure: (error: unknown) => void;
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param most How many tasks run at once.
   * @param onFailure Told of the first failure.
   */
  constructor(most: number, onFailure: (error: unknown) => void = () => {}) {
    this.#most = most;
    this.#onFailure = onFailure;
  }

  /**
   * Starts a task as soon as there is room for it.
   *
   * @returns Whether it was started: false once a task has failed.
   */
  async start(task: () => Promise<unknown>): Promise<boolean> {
    while (this.#running >= this.#most) await this.#change();
    if (this.#failure !== undefined) return false;
    this.#running++;
    task().then(
      () => this.#end(),
      (error: unknown) => {
        this.#fail(error);
        this.#end();
      },
    );
    return true;
  }

  /**
   * Settles when no task runs any more.
   *
   * @throws What the first task threw that failed.
   */
  async settled(): Promise<void> {
    while (this.#running > 0) await this.#change();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#onFailure(error);
  }

  #end(): void {
    this.#running--;
    this.#wake?.();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }
}
