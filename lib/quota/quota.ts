import { after } from "../async/maybe_promise.ts";
import type { MaybePromise, Storage } from "../storage/storage.ts";
import { Account } from "./account.ts";
import type { QuotaLimit } from "./books.ts";
import { Count } from "./count.ts";
import { MemoryBooks } from "./ledger.ts";
import { QuotaStorage } from "./quota_storage.ts";

/** The count of a quota, which several storages over the same files share: one for each session. */
export class QuotaCount {}

const BOOKS = new WeakMap<QuotaCount, MemoryBooks>();

/** How to limit a storage by {@linkcode quota}. */
export interface QuotaOptions extends QuotaLimit {
  /** Where it is counted; by default, anew for this storage. */
  readonly count?: QuotaCount | undefined;
}

/**
 * Limits what a storage may hold. What would exceed the limit fails with "quota exceeded", and what
 * was written before stays. The storage tells what its nodes take ({@linkcode Storage.usage}), as
 * {@linkcode JailStorage} and {@linkcode MemoryStorage} do. What is there already is counted first.
 *
 * The count is in memory: it is for storages of one process. `sftpwrap jail --quota` keeps it in a
 * file for all sessions of a user.
 *
 * @example
 * ```ts
 * import { openJail, quota, serve } from "@sftpwrap/sftpwrap";
 *
 * const storage = await quota(await openJail("/srv/sftp/alice"), { bytes: 2 ** 30 });
 * Deno.exit(await serve(storage));
 * ```
 *
 * @throws {RangeError} If a limit is not a whole number.
 * @throws {TypeError} If the storage does not tell what its nodes take.
 */
export function quota(storage: Storage, options: QuotaOptions): MaybePromise<Storage> {
  const { bytes, files, count = new QuotaCount() } = options;
  for (const limit of [bytes, files ?? 0]) {
    if (Number.isSafeInteger(limit) && limit >= 0) continue;
    throw new RangeError(`Cannot limit a storage to ${limit}: not a whole number`);
  }
  const { usage: support } = storage;
  if (support === undefined) {
    throw new TypeError("A quota needs a storage that tells what its nodes take (usage)");
  }
  const books = BOOKS.get(count) ?? new MemoryBooks();
  BOOKS.set(count, books);
  const ledger = books.ledger();
  const limited = () => new QuotaStorage(storage, support, new Account(ledger, { bytes, files }));
  if (ledger.look(({ counted }) => counted > 0)) return limited();
  const first = new Count(storage, { support, ledger, done: () => {} });
  return after(first.run(), limited);
}
