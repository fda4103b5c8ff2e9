import { isDirectory } from "../attrs.ts";
import { after, orElse, repeat } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import { childOf } from "../storage/path.ts";
import type {
  DirHandle,
  MaybePromise,
  Storage,
  UsageSupport,
  VirtualPath,
} from "../storage/storage.ts";
import { type Amount, type Books, nothing } from "./books.ts";
import type { Ledger } from "./ledger.ts";

/** Entries that are looked at in one step. */
const STEP_ENTRIES = 32;

/** File systems write to the disk in this time. */
const ON_DISK_MS = 60_000;

/** How often a count begins again because something has changed meanwhile. */
const ATTEMPTS = 3;

/** What a count found, and what the books said before. */
export interface Counted {
  readonly before: Amount;
  readonly now: Amount;
  /** Whether nothing has changed meanwhile, so that `now` is exact. */
  readonly isExact: boolean;
}

/** What a count needs besides the storage. */
export interface CountOptions {
  readonly support: UsageSupport;
  readonly ledger: Ledger;
  /** Called with the result of each attempt. */
  readonly done: (counted: Counted) => void;
}

/**
 * Counts everything in a storage, step by step, while sessions go on. What they change meanwhile is
 * known from the books: the result is exact if nothing did, and otherwise not too little.
 */
export class Count {
  readonly #storage: Storage;
  readonly #support: UsageSupport;
  readonly #ledger: Ledger;
  readonly #done: (counted: Counted) => void;
  #attempts = 0;
  #walk: Walk | undefined;

  constructor(storage: Storage, { support, ledger, done }: CountOptions) {
    this.#storage = storage;
    this.#support = support;
    this.#ledger = ledger;
    this.#done = done;
  }

  /** Takes a step; whether there are more. */
  step(): MaybePromise<boolean> {
    const walk = this.#walk ??= this.#begin();
    return after(walk.step(), (more) => {
      if (more) return true;
      this.#walk = undefined;
      const counted = this.#end(walk);
      return after(counted, (result) => {
        this.#done(result);
        return !result.isExact && ++this.#attempts < ATTEMPTS;
      });
    });
  }

  /** Takes all steps. */
  run(): MaybePromise<void> {
    return repeat(() => this.step());
  }

  /** Gives up. */
  cancel(): MaybePromise<void> {
    return this.#walk?.cancel();
  }

  #begin(): Walk {
    const start = this.#ledger.look(marksOf);
    return new Walk(this.#storage, this.#support, start);
  }

  #end(walk: Walk): MaybePromise<Counted> {
    return this.#ledger.enter(({ books }) => correct(books, walk.start, walk));
  }
}

/** Where the books are at the beginning of a count. */
interface Marks {
  readonly changes: number;
  readonly moves: number;
  readonly added: Amount;
  readonly taken: Amount;
  /** The nodes that are open. */
  readonly open: ReadonlySet<string>;
}

function marksOf({ changes, moves, added, taken, open }: Books): Marks {
  return { changes, moves, added: { ...added }, taken: { ...taken }, open: new Set(open.keys()) };
}

/** Corrects the books by what was found. */
function correct(books: Books, start: Marks, walk: Walk): Counted {
  const before = { ...books.used };
  const isExact = books.changes === start.changes;
  const found = { ...walk.found };
  // What is open and has no name any more still takes space.
  for (const [identity, node] of books.open) {
    if (!start.open.has(identity)) continue;
    const bytes = walk.bytesOf(identity);
    if (bytes === undefined) {
      found.bytes += node.bytes;
      found.files++;
    } else if (isExact) node.bytes = bytes;
  }
  if (isExact) books.used = { ...found };
  // A name that moved may have been missed, and a count that did not see it tells nothing.
  else if (books.moves === start.moves) books.used = likely(books, start, found);
  if (isExact) books.unsure = false;
  if (isExact && !mayGrow(books)) books.owed.bytes = 0;
  if (isExact || !books.unsure) books.counted = Date.now();
  return { before, now: { ...books.used }, isExact };
}

/** Whether what is owed may not be on the disk yet, and so was not seen. */
export function mayGrow({ owed }: Books): boolean {
  return owed.bytes > 0 && Date.now() - owed.since < ON_DISK_MS;
}

/** What is used if sessions have changed something meanwhile: the books, or the most that it can be. */
function likely({ used, added, taken }: Books, start: Marks, found: Amount): Amount {
  const result = nothing();
  for (const unit of ["bytes", "files"] as const) {
    const most = found[unit] + added[unit] - start.added[unit];
    const least = found[unit] - (taken[unit] - start.taken[unit]);
    result[unit] = used[unit] >= least && used[unit] <= most ? used[unit] : most;
  }
  return result;
}

/** A walk through a storage, which counts. */
class Walk {
  readonly start: Marks;
  readonly found: Amount = nothing();
  readonly #storage: Storage;
  readonly #support: UsageSupport;
  readonly #ahead: VirtualPath[] = ["/"];
  /** Nodes that may be seen again, or that are open. */
  readonly #seen = new Map<string, number>();
  #open: { readonly dir: DirHandle; readonly path: VirtualPath } | undefined;

  constructor(storage: Storage, support: UsageSupport, start: Marks) {
    this.#storage = storage;
    this.#support = support;
    this.start = start;
  }

  /** What a node took that was seen. */
  bytesOf(identity: string): number | undefined {
    return this.#seen.get(identity);
  }

  /** Looks at some entries; whether there are more. */
  step(): MaybePromise<boolean> {
    const { dir, path } = this.#open ?? {};
    if (dir === undefined || path === undefined) return this.#enter();
    return after(orUnseen(() => dir.next(STEP_ENTRIES), []), (entries) => {
      if (entries.length === 0) return after(this.cancel(), () => this.#ahead.length > 0);
      let done: MaybePromise<void> = undefined;
      for (const { name, attrs } of entries) {
        if (name === "." || name === ".." || name === "" || name.includes("/")) continue;
        const child = childOf(path, name);
        if (isDirectory(attrs)) this.#ahead.push(child);
        else done = after(done, () => this.#look(child));
      }
      return after(done, () => true);
    });
  }

  cancel(): MaybePromise<void> {
    const dir = this.#open?.dir;
    this.#open = undefined;
    return dir?.close();
  }

  #enter(): MaybePromise<boolean> {
    const path = this.#ahead.pop();
    if (path === undefined) return false;
    return after(
      this.#look(path),
      () =>
        after(orUnseen(() => this.#storage.openDir(path), undefined), (dir) => {
          if (dir !== undefined) this.#open = { dir, path };
          return dir !== undefined || this.#ahead.length > 0;
        }),
    );
  }

  #look(path: VirtualPath): MaybePromise<void> {
    const looked = orUnseen(() => this.#support.ofPath(path, { follow: false }), undefined);
    return after(looked, (usage) => {
      if (usage === undefined || this.#seen.has(usage.identity)) return;
      const { identity, links, bytes } = usage;
      if (links > 1 || this.start.open.has(identity)) this.#seen.set(identity, bytes);
      this.found.bytes += usage.bytes;
      this.found.files++;
    });
  }
}

/** What has gone meanwhile, or may not be seen, is not counted. */
function orUnseen<T>(look: () => MaybePromise<T>, otherwise: T): MaybePromise<T> {
  return orElse(look, (failure) => {
    if (failure instanceof StorageError) return otherwise;
    throw failure;
  });
}
