import { after, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import { FilteredStorage, whileOpen, withoutSlash } from "../storage/filtered_storage.ts";
import { parentOf } from "../storage/path.ts";
import type {
  CopyRange,
  FileAttrs,
  FileSystemStats,
  MaybePromise,
  NodeUsage,
  OpenOptions,
  Storage,
  UsageSupport,
  VirtualPath,
} from "../storage/storage.ts";
import type { Account } from "./account.ts";
import { type Amount, drop, hold, nothing } from "./books.ts";
import { figuresOf } from "./figures.ts";
import type { Entry } from "./ledger.ts";
import { QuotaFile, type QuotaFileHost } from "./quota_file.ts";

/** A storage whose nodes together take no more than a quota. */
export class QuotaStorage extends FilteredStorage {
  /** The same files by {@linkcode Storage.underPolicies}, under the same quota. */
  readonly underPolicies?: () => Storage;
  readonly #account: Account;
  readonly #support: UsageSupport;
  readonly #host: QuotaFileHost;
  /** A new node takes a block of its own at most, until something is written to it. */
  readonly #newNode: Amount;
  readonly #kept: number;

  /** A storage around another one that tells what its nodes take. */
  constructor(inner: Storage, support: UsageSupport, account: Account) {
    super(inner);
    this.#account = account;
    this.#support = support;
    // So that a file can still be renamed where nothing can be written any more.
    this.#kept = Math.min(support.nameBytes, Math.floor(account.limit.bytes / 64));
    this.#newNode = { bytes: support.nameBytes + (support.blockBytes ?? 0), files: 1 };
    this.#host = {
      account,
      support,
      kept: this.#kept,
    };
    if (inner.underPolicies !== undefined) {
      this.underPolicies = () => new QuotaStorage(inner.underPolicies!(), support, account);
    }
  }

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<QuotaFile> {
    return this.#enter((entry) => {
      const before = options.create || options.truncate ? this.#look(path, true) : undefined;
      return after(before, (node) => {
        const isNew = options.create && node === undefined;
        const taken = isNew ? this.#takeNew(entry, nothing()) : nothing();
        return after(
          taken,
          (amount) =>
            this.#changing(
              entry,
              amount,
              isNew ? path : undefined,
              () => this.#opened(entry, path, { options, node, taken: amount }),
            ),
        );
      });
    });
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    const { size = NaN } = attrs;
    if (!Number.isSafeInteger(size)) return super.setAttrs(path, attrs);
    return this.#enter((entry) =>
      after(this.#look(path, true), (node) => {
        const { blockBytes } = this.#support;
        const grows = node !== undefined && size > node.size;
        const bytes = grows ? blockBytes ?? size - node.size : 0;
        return after(this.#take(entry, { bytes, files: 0 }), (taken) => {
          const done = orElse(() => super.setAttrs(path, attrs), (failure) =>
            after(this.#resized(entry, path, node, taken), () => {
              throw failure;
            }));
          return after(done, () =>
            this.#resized(entry, path, node, taken));
        });
      })
    );
  }

  override symlink(target: string, link: VirtualPath): MaybePromise<void> {
    const { blockBytes } = this.#support;
    // At most three bytes for a character.
    const text = { bytes: blockBytes === undefined ? target.length * 3 : 0, files: 0 };
    return this.#making(link, text, () => super.symlink(target, link));
  }

  override mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#making(path, nothing(), () => super.mkdir(path, attrs));
  }

  override rmdir(path: VirtualPath): MaybePromise<void> {
    return this.#removing(path, () => super.rmdir(path));
  }

  override remove(path: VirtualPath): MaybePromise<void> {
    return this.#removing(path, () => super.remove(path));
  }

  override rename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#naming(to, () => super.rename(from, to));
  }

  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#enter((entry) =>
      after(
        this.#look(from, false),
        (node) =>
          after(this.#look(to, false), (old) =>
            after(
              this.#named(entry, to, () => super.posixRename(from, to)),
              () => {
                // Two names of one file both stay.
                if (old !== undefined && old.identity !== node?.identity) drop(entry.books, old);
                this.#account.relax(entry.books);
              },
            )),
      )
    );
  }

  override hardLink(existing: VirtualPath, link: VirtualPath): MaybePromise<void> {
    return this.#naming(link, () => super.hardLink(existing, link));
  }

  override statVfs(path: VirtualPath): MaybePromise<FileSystemStats> {
    return after(super.statVfs(path), (stats) => this.#figures(stats));
  }

  override fileStatVfs(file: QuotaFile): MaybePromise<FileSystemStats> {
    return after(super.fileStatVfs(file), (stats) => this.#figures(stats));
  }

  override copyData(range: CopyRange<QuotaFile>): MaybePromise<number> {
    const { source, sourcePosition, target, targetPosition } = range;
    return after(source.stat(), ({ size = 0 }) => {
      // What the source gets meanwhile is not copied: there may be no room for it.
      const length = Math.min(range.length, Math.max(size - sourcePosition, 0));
      if (length === 0) return super.copyData(range);
      return this.#copy({ ...range, length }, target, targetPosition);
    });
  }

  override close(): MaybePromise<void> {
    const { ledger } = this.#account;
    const gaveBack = orElse<void>(
      () => this.#enter(({ books }) => this.#account.end(books)),
      (failure) => {
        ledger.close();
        return after(super.close(), () => {
          throw failure;
        });
      },
    );
    return after(gaveBack, () => {
      ledger.close();
      return super.close();
    });
  }

  /** The copy goes on without the books: it may take long. */
  #copy(
    range: CopyRange<QuotaFile>,
    target: QuotaFile,
    position: number,
  ): MaybePromise<number> {
    const { length } = range;
    const room = this.#enter((entry) =>
      target.room(entry, target.appends ? undefined : position, length)
    );
    return after(room, (bytes) => {
      const grew = () => this.#enter((entry) => target.grew(entry, bytes));
      const copied = orElse(() => super.copyData(range), (failure) =>
        after(grew(), () => {
          throw failure;
        }));
      return after(copied, (count) => after(grew(), () => count));
    });
  }

  #opened(
    { books }: Entry,
    path: VirtualPath,
    { options, node, taken }: {
      readonly options: OpenOptions;
      readonly node: NodeUsage | undefined;
      readonly taken: Amount;
    },
  ): MaybePromise<QuotaFile> {
    const account = this.#account;
    return after(
      super.open(path, options),
      (opened) =>
        whileOpen(opened, ({ inner }) =>
          after(this.#support.ofFile(inner), (usage) => {
            if (options.create && node === undefined) account.enterNew(books, usage, taken);
            else account.enter(books, usage, node?.bytes ?? usage.bytes, taken);
            hold(books, account.ledger.slot, usage);
            return new QuotaFile(inner, this.#host, options.append);
          })),
    );
  }

  #resized(
    { books }: Entry,
    path: VirtualPath,
    node: NodeUsage | undefined,
    taken: Amount,
  ): MaybePromise<void> {
    return after(this.#look(path, true), (now) => {
      if (now === undefined || node === undefined) this.#account.return(books, taken);
      else this.#account.enter(books, now, node.bytes, taken);
      this.#account.relax(books);
    });
  }

  /** Makes a node under a new name. */
  #making(
    path: VirtualPath,
    more: Amount,
    make: () => MaybePromise<void>,
  ): MaybePromise<void> {
    return this.#enter((entry) =>
      after(
        this.#takeNew(entry, more),
        (taken) =>
          this.#changing(entry, taken, path, () =>
            after(make(), () =>
              after(this.#look(path, false), (node) => {
                if (node === undefined) {
                  this.#account.return(entry.books, taken);
                } else this.#account.enterNew(entry.books, node, taken);
              }))),
      )
    );
  }

  #removing(path: VirtualPath, remove: () => MaybePromise<void>): MaybePromise<void> {
    return this.#enter((entry) =>
      after(this.#look(path, false), (node) =>
        after(remove(), () => {
          if (node !== undefined) drop(entry.books, node);
          this.#account.relax(entry.books);
        }))
    );
  }

  #naming(path: VirtualPath, give: () => MaybePromise<void>): MaybePromise<void> {
    return this.#enter((entry) => this.#named(entry, path, give));
  }

  /** Gives a name to what is there already. */
  #named(
    entry: Entry,
    path: VirtualPath,
    give: () => MaybePromise<void>,
  ): MaybePromise<void> {
    const need = { bytes: this.#support.nameBytes, files: 0 };
    return after(
      this.#account.take(entry, need),
      (taken) =>
        this.#changing(entry, nothing(), path, () =>
          after(
            orElse(give, (failure) => {
              this.#account.return(entry.books, taken);
              throw failure;
            }),
            () => {
              entry.books.moves++;
              this.#account.return(entry.books, taken);
            },
          )),
    );
  }

  /**
   * Does what may make the directory of a path grow, and enters by how much it has. If it fails,
   * what was taken is given back.
   */
  #changing<T>(
    { books }: Entry,
    taken: Amount,
    path: VirtualPath | undefined,
    change: () => MaybePromise<T>,
  ): MaybePromise<T> {
    const account = this.#account;
    const parent = parentOf(withoutSlash(path ?? "/"));
    const looks = path !== undefined && this.#support.nameBytes > 0;
    return after(looks ? this.#look(parent, true) : undefined, (before) => {
      const done = orElse(change, (failure) => {
        account.return(books, taken);
        throw failure;
      });
      return after(done, (value) =>
        after(before && this.#look(parent, true), (now) => {
          if (before !== undefined && now !== undefined) {
            account.enter(books, now, before.bytes, nothing());
          }
          account.relax(books);
          return value;
        }));
    });
  }

  #takeNew(entry: Entry, more: Amount): MaybePromise<Amount> {
    const { bytes, files } = this.#newNode;
    return this.#take(entry, { bytes: bytes + more.bytes, files });
  }

  #take(entry: Entry, need: Amount): MaybePromise<Amount> {
    return this.#account.take(entry, need, { kept: this.#kept });
  }

  #figures(inner: FileSystemStats): FileSystemStats {
    const { ledger, limit } = this.#account;
    return ledger.look((books) => figuresOf(inner, limit, this.#account.free(books)));
  }

  /** What is at a path; undefined where that cannot be told: what is asked for will fail. */
  #look(path: VirtualPath, follow: boolean): MaybePromise<NodeUsage | undefined> {
    return orElse<NodeUsage | undefined>(
      () => this.#support.ofPath(path, { follow }),
      (failure) => {
        if (failure instanceof StorageError) return undefined;
        throw failure;
      },
    );
  }

  #enter<T>(work: (entry: Entry) => MaybePromise<T>): MaybePromise<T> {
    return this.#account.ledger.enter(work);
  }
}
