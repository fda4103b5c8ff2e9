/** Milliseconds that work under way still has when its session is over. */
export const GRACE_MS = 1000;

/** A moment in which work under way may come to its end; what is not done then fails. */
export class GracePeriod {
  readonly #end = Promise.withResolvers<never>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#end.promise.catch(() => undefined); // Not every session waits for it.
  }

  /** Settles like `work`, but throws if `work` has not settled at the end of the moment. */
  async bounded(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#end.promise]);
  }

  /** Begins the moment, at whose end work fails with `reason`. */
  begin(reason: Error): void {
    this.#timer = setTimeout(() => this.#end.reject(reason), GRACE_MS);
  }

  /** Lets the moment never end. */
  cancel(): void {
    clearTimeout(this.#timer);
  }
}
