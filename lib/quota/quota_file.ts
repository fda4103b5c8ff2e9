import { after, orElse } from "../async/maybe_promise.ts";
import { FilteredFile } from "../storage/filtered_storage.ts";
import type {
  FileAttrs,
  FileHandle,
  MaybePromise,
  NodeUsage,
  UsageSupport,
} from "../storage/storage.ts";
import type { Account, GrowingNode } from "./account.ts";
import { letGo } from "./books.ts";
import { blocksAround, growthOf, treeBytes } from "./growth.ts";
import type { Entry } from "./ledger.ts";

/** What an open file needs of its storage. */
export interface QuotaFileHost {
  readonly account: Account;
  readonly support: UsageSupport;
  /** Bytes that only names may use. */
  readonly kept: number;
}

/** An open file whose growth a quota limits. */
export class QuotaFile extends FilteredFile implements GrowingNode {
  drawn = 0;
  /** Whether writes go to the end. */
  readonly appends: boolean;
  readonly #host: QuotaFileHost;
  /** Where the last write has ended, and how many writes did not begin there. */
  #end = 0;
  #pieces = 0;
  #owed = 0;

  /** A handle around another one. */
  constructor(inner: FileHandle, host: QuotaFileHost, appends: boolean) {
    super(inner);
    this.#host = host;
    this.appends = appends;
  }

  usage(): MaybePromise<NodeUsage> {
    return this.#host.support.ofFile(this.inner);
  }

  owes(): number {
    const all = treeBytes(this.#pieces, this.#host.support);
    const more = all - this.#owed;
    this.#owed = all;
    return more;
  }

  put(data: Uint8Array, position: number): MaybePromise<void> {
    return this.inner.write(data, position);
  }

  override write(data: Uint8Array, position: number): MaybePromise<void> {
    const { length } = data;
    if (length === 0) return super.write(data, position);
    const { account, support: { blockBytes } } = this.#host;
    const tree = this.#begins(position, length);
    if (blockBytes !== undefined) {
      const bytes = blocksAround(this.appends ? undefined : position, length, blockBytes) + tree;
      const done = account.write(this, bytes, data, position);
      if (done !== false) return done;
    }
    return account.ledger.enter((entry) => {
      const room = this.room(entry, this.appends ? undefined : position, length, tree);
      return after(room, (bytes) => {
        const write = () => super.write(data, position);
        return this.#growing(entry, bytes, write);
      });
    });
  }

  override setAttrs(attrs: FileAttrs): MaybePromise<void> {
    const { size = NaN } = attrs;
    if (!Number.isSafeInteger(size)) return super.setAttrs(attrs);
    return this.#host.account.ledger.enter((entry) =>
      after(this.#roomForSize(entry, size), (bytes) => {
        const set = () => super.setAttrs(attrs);
        return this.#growing(entry, bytes, set);
      })
    );
  }

  override close(aborted: boolean): MaybePromise<void> {
    let isClosed = false;
    const close = () => {
      isClosed = true;
      return super.close(aborted);
    };
    const entered = () =>
      this.#host.account.ledger.enter((entry) =>
        after(this.usage(), (usage) => this.#closing(entry, usage, close))
      );
    // Even if nothing can be entered, the file does not stay open.
    return orElse(entered, (failure) =>
      after(isClosed ? undefined : close(), () => {
        throw failure;
      }));
  }

  /**
   * Takes what a write may add; see {@linkcode blocksAround}. The caller uses it, or returns it.
   *
   * @param position Undefined for the end.
   * @param more Bytes besides these.
   */
  room(
    entry: Entry,
    position: number | undefined,
    length: number,
    more = 0,
  ): MaybePromise<number> {
    const { account, support, kept } = this.#host;
    const { blockBytes } = support;
    const exactly = () =>
      after(this.usage(), (usage) => growthOf(usage, position, length, support) + more);
    const taken = (bytes: number, least?: () => MaybePromise<number>) =>
      after(
        account.take(entry, { bytes, files: 0 }, { kept, ...least && { least } }),
        (amount) => amount.bytes,
      );
    if (blockBytes === undefined) return after(exactly(), (bytes) => taken(bytes));
    // Another session that appends may move the end, and with it the blocks that are touched.
    const least = position === undefined ? undefined : exactly;
    return taken(blocksAround(position, length, blockBytes) + more, least);
  }

  /** Enters what the file takes, after something that may have made it grow. */
  grew(entry: Entry, bytes: number): MaybePromise<void> {
    const { account } = this.#host;
    account.drew(this, bytes);
    return after(this.usage(), (usage) => {
      account.settleNode(entry.books, this, usage);
      account.relax(entry.books);
    });
  }

  /** Bytes that may be owed for a write that begins a new piece. */
  #begins(position: number, length: number): number {
    const isNext = position === this.#end || this.appends;
    this.#end = position + length;
    if (isNext) return 0;
    this.#pieces++;
    return this.#host.support.nameBytes > 0 ? this.#host.support.blockBytes ?? 0 : 0;
  }

  #closing(entry: Entry, usage: NodeUsage, close: () => MaybePromise<void>): MaybePromise<void> {
    this.#host.account.settleNode(entry.books, this, usage);
    const closed = orElse(close, (failure) => {
      this.#closed(entry, usage);
      throw failure;
    });
    return after(
      closed,
      () => this.#closed(entry, usage),
    );
  }

  #roomForSize(entry: Entry, size: number): MaybePromise<number> {
    const { account, support: { blockBytes }, kept } = this.#host;
    return after(this.usage(), (usage) => {
      if (size <= usage.size) return 0;
      const bytes = blockBytes ?? size - usage.size;
      return after(account.take(entry, { bytes, files: 0 }, { kept }), () => bytes);
    });
  }

  /** Does what may make the file grow, for which bytes were taken. */
  #growing(entry: Entry, bytes: number, work: () => MaybePromise<void>): MaybePromise<void> {
    const done = orElse(work, (failure) =>
      after(this.grew(entry, bytes), () => {
        throw failure;
      }));
    return after(done, () => this.grew(entry, bytes));
  }

  #closed({ books }: Entry, usage: NodeUsage): void {
    const { account } = this.#host;
    letGo(books, account.ledger.slot, usage);
    account.relax(books);
  }
}
