import { after, isPromise, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type { MaybePromise } from "../storage/storage.ts";
import { type Books, newBooks } from "./books.ts";

/** Where the books are kept. */
export interface Keeper {
  /** Locks the books for this session alone, and reads them. */
  take(): Books;
  /** Writes the books, which stay locked. */
  save(books: Books): void;
  /** Unlocks the books. */
  give(): void;
  /** Whether this session alone may count from now on, until `endCount`. */
  claimCount(): boolean;
  /** Lets other sessions count. */
  endCount(): void;
  /** Ends the use, and gives up what this session has locked. */
  close(): void;
}

/** What is done with the books while no other session can. */
export interface Entry {
  /** The books, to be changed. */
  readonly books: Books;
  /** Writes the books now, so that a session which is killed from here on has said so before. */
  save(): void;
}

/** Whose turn it is in this process: the lock of the books is for other processes. */
export interface Turns {
  /** Settles when the last entry is made; absent if none waits. */
  last?: Promise<unknown> | undefined;
}

/** The books of one quota, for one session: one entry after the other. */
export class Ledger {
  /** The session's number in the books. */
  readonly slot: number;
  readonly #keeper: Keeper;
  readonly #turns: Turns;
  /** The books, while an entry is being made. */
  #entered: Books | undefined;
  #isClosed = false;

  /** The ledger of the session with a slot. */
  constructor(slot: number, keeper: Keeper, turns: Turns = {}) {
    this.slot = slot;
    this.#keeper = keeper;
    this.#turns = turns;
  }

  /**
   * Makes an entry. What `work` changes is written when it is over, also where it fails. While it
   * waits, the entries of all sessions wait.
   */
  enter<T>(work: (entry: Entry) => MaybePromise<T>): MaybePromise<T> {
    const { last } = this.#turns;
    if (last !== undefined) return this.#queued(last.then(() => this.#enter(work)));
    const done = this.#enter(work);
    return isPromise(done) ? this.#queued(done) : done;
  }

  /** Looks at the books, also while an entry is being made. */
  look<T>(work: (books: Books) => T): T {
    const keeper = this.#open();
    // They stay locked until the entry is made.
    if (this.#entered !== undefined) return work(this.#entered);
    const books = keeper.take();
    try {
      return work(books);
    } finally {
      keeper.give();
    }
  }

  /** Whether this session alone may count everything, until {@linkcode Ledger.endCount}. */
  claimCount(): boolean {
    return this.#open().claimCount();
  }

  /** Lets other sessions count. */
  endCount(): void {
    this.#open().endCount();
  }

  /** Ends the use. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#keeper.close();
  }

  #open(): Keeper {
    if (this.#isClosed) throw new StorageError("failure", "the quota is closed");
    return this.#keeper;
  }

  #enter<T>(work: (entry: Entry) => MaybePromise<T>): MaybePromise<T> {
    const keeper = this.#open();
    const books = this.#entered = keeper.take();
    const save = () => {
      books.changes++;
      keeper.save(books);
    };
    const end = () => {
      this.#entered = undefined;
      try {
        save();
      } finally {
        keeper.give();
      }
    };
    const done = orElse(() => work({ books, save }), (failure) => {
      end();
      throw failure;
    });
    return after(done, (value) => {
      end();
      return value;
    });
  }

  #queued<T>(done: Promise<T>): Promise<T> {
    const turns = this.#turns;
    const over = () => {
      if (turns.last === settled) turns.last = undefined;
    };
    const settled: Promise<void> = done.then(over, over);
    turns.last = settled;
    return done;
  }
}

/** The books of storages of this process, which forgets them. */
export class MemoryBooks {
  readonly #books = newBooks();
  readonly #turns: Turns = {};
  #slots = 0;

  /** The ledger of another session. */
  ledger(): Ledger {
    return new Ledger(this.#slots++, {
      take: () => this.#books,
      save: () => {},
      give: () => {},
      claimCount: () => true,
      endCount: () => {},
      close: () => {},
    }, this.#turns);
  }
}
