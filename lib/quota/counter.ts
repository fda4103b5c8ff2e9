import { after, orElse } from "../async/maybe_promise.ts";
import type { MaybePromise, Storage } from "../storage/storage.ts";
import type { Books } from "./books.ts";
import { Count, type CountOptions, mayGrow } from "./count.ts";

/** What other programs have changed is found no later than at the first quiet moment after this. */
const COUNT_INTERVAL_MS = 24 * 60 * 60 * 1000;

/** A request that is refused has everything counted anew, but not more often. */
const REFUSAL_INTERVAL_MS = 60_000;

/** Counts what a storage holds in the background, when the books may be wrong. */
export class Counter {
  readonly #storage: Storage;
  readonly #options: CountOptions;
  readonly #failed: (failure: unknown) => void;
  #count: Count | undefined;

  /** @param failed Called if a count cannot be ended; the session goes on. */
  constructor(storage: Storage, options: CountOptions, failed: (failure: unknown) => void) {
    this.#storage = storage;
    this.#options = options;
    this.#failed = failed;
    if (options.ledger.look(isDue)) this.#begin();
  }

  /** Whether there is something to count. */
  get isDue(): boolean {
    return this.#count !== undefined;
  }

  /** The quota has refused something, which may have found room by now. */
  refused(): void {
    if (this.#count !== undefined) return;
    const since = Date.now() - this.#options.ledger.look(({ counted }) => counted);
    if (since > REFUSAL_INTERVAL_MS) this.#begin();
  }

  /** Counts a little. */
  step(): MaybePromise<void> {
    const count = this.#count;
    if (count === undefined) return;
    const more = orElse<boolean>(() => count.step(), (failure) => {
      this.#failed(failure);
      return false;
    });
    return after(more, (goesOn) => {
      if (goesOn) return;
      this.#count = undefined;
      this.#options.ledger.endCount();
    });
  }

  #begin(): void {
    const { ledger } = this.#options;
    if (ledger.claimCount()) this.#count = new Count(this.#storage, this.#options);
  }
}

/** Whether what the books say may differ from what is there. */
function isDue(books: Books): boolean {
  const { counted, unsure, owed } = books;
  return unsure || Date.now() - counted > COUNT_INTERVAL_MS ||
    (owed.bytes > 0 && !mayGrow(books));
}
