import { StorageError } from "../errors.ts";

/** Does things one after another, in the order of the calls. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does `work` once everything before it is over. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      return await work();
    } finally {
      resolve();
    }
  }
}

/** The error of operations that are broken off because the session ends. */
export function sessionEnded(): StorageError {
  return new StorageError("failure", "the session has ended");
}
