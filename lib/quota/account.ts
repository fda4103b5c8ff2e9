import { after, isPromise } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type { MaybePromise, NodeUsage } from "../storage/storage.ts";
import {
  add,
  type Amount,
  available,
  type Books,
  bury,
  nothing,
  type QuotaLimit,
  settle,
} from "./books.ts";
import type { Entry, Ledger } from "./ledger.ts";

/** The most that is reserved ahead: a WRITE within it makes no entry in the books. */
const MOST_AHEAD: Readonly<Amount> = { bytes: 16 * 1024 * 1024, files: 16 };

/** No more than this part of what is free is reserved ahead, so that the last bytes are for all. */
const PART_AHEAD = 16;

const UNITS = ["bytes", "files"] as const;

/** A node that grows by more than one request. */
export interface GrowingNode {
  /** Bytes that were drawn for it, and are not settled yet. */
  drawn: number;
  /** Bytes of what was drawn that the file system may still add; asked for once. */
  owes(): number;
  /** Writes. */
  put(data: Uint8Array, position: number): MaybePromise<void>;
  /** What it takes now. */
  usage(): MaybePromise<NodeUsage>;
}

/** How to take an amount. */
export interface TakeOptions {
  /** Bytes that must stay free. */
  readonly kept?: number;
  /** If the amount does not fit: how many bytes are enough. */
  readonly least?: () => MaybePromise<number>;
}

/**
 * What one session has reserved of a quota. It may use that without an entry in the books; what it
 * has used of it stays reserved until it is settled, which is when the books get the true figures.
 */
export class Account {
  readonly limit: QuotaLimit;
  readonly ledger: Ledger;
  /** What is reserved and not used. */
  readonly #left: Amount = nothing();
  readonly #growing = new Set<GrowingNode>();
  readonly #refused: () => void;

  /**
   * An account under a limit.
   *
   * @param refused Called if the quota has no room for something.
   */
  constructor(ledger: Ledger, limit: QuotaLimit, refused: () => void = () => {}) {
    this.#refused = refused;
    this.ledger = ledger;
    this.limit = limit;
  }

  /** Writes at once, if the bytes that the node may grow by are reserved; else returns false. */
  write(
    node: GrowingNode,
    bytes: number,
    data: Uint8Array,
    position: number,
  ): MaybePromise<void> | false {
    if (bytes > this.#left.bytes) return false;
    this.#left.bytes -= bytes;
    let done: MaybePromise<void>;
    try {
      done = node.put(data, position);
    } catch (error) {
      this.drew(node, bytes);
      throw error;
    }
    if (!isPromise(done)) return this.drew(node, bytes);
    // What is settled while it is under way may not be all of it.
    return done.finally(() => this.drew(node, bytes));
  }

  /** A node has grown by no more than these bytes, which were taken. */
  drew(node: GrowingNode, bytes: number): void {
    node.drawn += bytes;
    this.#growing.add(node);
  }

  /**
   * Takes an amount out of what is reserved, and says so in the books before it is used.
   *
   * @returns What was taken.
   * @throws {StorageError} If the quota has no room for it.
   */
  take(entry: Entry, need: Amount, { kept = 0, least }: TakeOptions = {}): MaybePromise<Amount> {
    if (this.#takes(entry, need, kept)) return need;
    return after(this.settle(entry.books), () => {
      if (this.#takes(entry, need, kept)) return need;
      if (least === undefined) throw this.#exceeded();
      return after(least(), (bytes) => {
        const enough = { bytes, files: need.files };
        if (!this.#takes(entry, enough, kept)) throw this.#exceeded();
        return enough;
      });
    });
  }

  /** Gives back what was taken, but for what has been added to `used` instead. */
  return({ reserved }: Books, taken: Amount, used: Amount = nothing()): void {
    const mine = reserved.get(this.ledger.slot);
    if (mine === undefined) return;
    for (const unit of UNITS) {
      const spent = Math.max(Math.min(used[unit], taken[unit]), 0);
      mine[unit] -= spent;
      this.#left[unit] += taken[unit] - spent;
    }
  }

  /** Enters what every node takes that has grown. */
  settle(books: Books): MaybePromise<void> {
    let done: MaybePromise<void> = undefined;
    for (const node of [...this.#growing]) {
      done = after(done, () => after(node.usage(), (usage) => this.settleNode(books, node, usage)));
    }
    return done;
  }

  /** Enters what a node takes that may have grown. */
  settleNode(books: Books, node: GrowingNode, usage: NodeUsage): void {
    const { drawn } = node;
    node.drawn = 0;
    this.#growing.delete(node);
    const owed = node.owes();
    if (owed > 0) books.owed = { bytes: books.owed.bytes + owed, since: Date.now() };
    const bytes = settle(books, usage, usage.bytes) + owed;
    this.return(books, { bytes: drawn, files: 0 }, { bytes, files: 0 });
  }

  /** Enters what a node takes that took `before`, and has grown by no more than was taken. */
  enter(books: Books, usage: NodeUsage, before: number, taken: Amount): void {
    this.return(books, taken, { bytes: settle(books, usage, before), files: 0 });
  }

  /** Enters a new node. */
  enterNew(books: Books, { bytes }: NodeUsage, taken: Amount): void {
    add(books, bytes, 1);
    this.return(books, taken, { bytes, files: 1 });
  }

  /** Lets others have what this session does not need soon. */
  relax(books: Books): void {
    const mine = books.reserved.get(this.ledger.slot);
    if (mine === undefined) return;
    const ahead = this.#ahead(books);
    for (const unit of UNITS) {
      const surplus = Math.max(this.#left[unit] - ahead[unit], 0);
      mine[unit] -= surplus;
      this.#left[unit] -= surplus;
    }
  }

  /** Gives everything back, at the end. */
  end(books: Books): void {
    const { slot } = this.ledger;
    if (this.#growing.size > 0) bury(books, slot);
    books.reserved.delete(slot);
    this.#left.bytes = this.#left.files = 0;
  }

  /** What this session could use now. */
  free(books: Books): Amount {
    const { bytes, files } = available(books, this.limit);
    return { bytes: bytes + this.#left.bytes, files: files + this.#left.files };
  }

  /** The failure that clients see: "Failure: quota exceeded". */
  #exceeded(): StorageError {
    this.#refused();
    return new StorageError("failure", "quota exceeded");
  }

  #takes(entry: Entry, need: Amount, kept: number): boolean {
    const left = this.#left;
    // Damaged books were made anew, and know nothing of this session.
    if (!entry.books.reserved.has(this.ledger.slot)) left.bytes = left.files = 0;
    const isThere = UNITS.every((unit) => need[unit] <= left[unit]);
    if (!isThere && !this.#reserve(entry, need, kept)) return false;
    for (const unit of UNITS) left[unit] -= need[unit];
    return true;
  }

  /** Reserves what is missing, and more if there is plenty; writes it into the books. */
  #reserve({ books, save }: Entry, need: Amount, kept: number): boolean {
    const left = this.#left;
    const free = available(books, this.limit);
    free.bytes = Math.max(free.bytes - kept, 0);
    const ahead = this.#ahead(books);
    const more = nothing();
    for (const unit of UNITS) {
      const missing = Math.max(need[unit] - left[unit], 0);
      if (missing > free[unit]) return false;
      if (missing > 0) more[unit] = Math.min(missing + ahead[unit], free[unit]);
    }
    const mine = books.reserved.get(this.ledger.slot) ?? nothing();
    books.reserved.set(this.ledger.slot, mine);
    books.limit = this.limit;
    for (const unit of UNITS) {
      mine[unit] += more[unit];
      left[unit] += more[unit];
    }
    save();
    return true;
  }

  #ahead(books: Books): Amount {
    const { bytes, files } = available(books, this.limit);
    return {
      bytes: Math.min(Math.floor(bytes / PART_AHEAD), MOST_AHEAD.bytes),
      // Any number may be free.
      files: Math.min(Math.floor(files / PART_AHEAD), MOST_AHEAD.files),
    };
  }
}
