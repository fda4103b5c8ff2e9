/**
 * The quota of a jail: where its books are, and what is counted when.
 *
 * @module
 */

import { messageOf } from "../../message_of.ts";
import { FileType } from "../../attrs.ts";
import { Errno } from "../../linux/errno.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { Open } from "../../linux/linux.ts";
import { Account } from "../../quota/account.ts";
import type { Books, QuotaLimit, Unit } from "../../quota/books.ts";
import { Count, type Counted } from "../../quota/count.ts";
import { Counter } from "../../quota/counter.ts";
import { type OpenedLedger, openLedgerFile } from "../../quota/ledger_file.ts";
import { QuotaStorage } from "../../quota/quota_storage.ts";
import type { Background } from "../../serve/background.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import { check, StatusReader } from "../../storage/local/kernel/status.ts";
import type { Storage, UsageSupport } from "../../storage/storage.ts";
import { StartError } from "../errors.ts";
import { OTHERS_MAY_WRITE } from "../files/file_place.ts";
import { openAt } from "../../storage/local/kernel/open_at.ts";
import { textInProc } from "../jail/containment.ts";
import { NO_LIBC } from "./rings.ts";
import { openStateDirectory } from "./state_directory.ts";

const PRIVATE_MODE = 0o600;

/** Bytes of a digest in the name of a file of books. */
const NAME_BYTES = 16;

/** Whose quota it is. */
export interface QuotaPlace {
  /** The jail, by its real path. */
  readonly jail: string;
  /** `--state-dir`, with its tokens expanded. */
  readonly stateDir: string | undefined;
  readonly home: string | undefined;
}

/** A storage under a quota. */
export interface LimitedStorage {
  readonly storage: Storage;
  /** Counts what is there when that must be, while the client asks for nothing. */
  readonly background: Background | undefined;
}

/**
 * Puts a quota around the storage of a jail. What is there is counted now if it never was, or if
 * the books are damaged.
 *
 * @throws {StartError} If the quota cannot be kept.
 */
export async function withQuota(
  storage: Storage,
  limit: QuotaLimit,
  { place, log }: { readonly place: QuotaPlace; readonly log: Log },
): Promise<LimitedStorage> {
  const { ledger, found, dead, path } = await openQuota(place);
  try {
    const support = requireUsage(storage);
    const say = (text: string) => log.level >= LogLevel.INFO && log.write(LogLevel.INFO, text);
    if (found === "damaged") {
      log.write(LogLevel.ERROR, `the books of the quota were damaged (${path}): counted anew`);
    }
    if (dead > 0) {
      say(
        `quota: ${dead === 1 ? "1 session has" : `${dead} sessions have`} died without giving back`,
      );
    }
    const unit = unitOf(support);
    const isKnown = ledger.look((books) =>
      books.counted > 0 && (books.unit === undefined || books.unit === unit)
    );
    const done = (result: Counted) => say(`quota: ${toldOf(result)}`);
    if (!isKnown) await new Count(storage, { support, ledger, done }).run();
    ledger.enter(({ books }) => {
      books.limit = limit;
      books.unit = unit;
    });
    const background = new Counter(storage, { support, ledger, done }, (failure) => {
      log.write(LogLevel.ERROR, `quota: counting has failed: ${messageOf(failure)}`);
    });
    const account = new Account(ledger, limit, () => background.refused());
    return { storage: new QuotaStorage(storage, support, account), background };
  } catch (error) {
    ledger.close();
    throw new StartError(`the quota cannot be kept: ${messageOf(error)}`);
  }
}

/** The books of a jail, open. */
export interface OpenedQuota extends OpenedLedger {
  /** Where they are. */
  readonly path: string;
}

/**
 * Opens the books of a jail, and makes them if there are none.
 *
 * @throws {StartError} If they cannot be used.
 */
export async function openQuota(place: QuotaPlace): Promise<OpenedQuota> {
  return (await openQuotaIf(place, { make: true }))!;
}

/** Opens the books of a jail, and returns undefined if there are none and none are to be made. */
export async function openQuotaIf(
  place: QuotaPlace,
  { make }: { readonly make: boolean },
): Promise<OpenedQuota | undefined> {
  const libc = openLibcIfAllowed();
  if (libc === undefined) throw new StartError(`a quota needs libc: ${NO_LIBC}`);
  const { path: directory, descriptor } = openStateDirectory(libc, {
    ...{ given: place.stateDir, home: place.home, jail: place.jail },
  });
  const name = await bookName(place.jail);
  const path = `${directory}/${name}`;
  try {
    const fd = openBooks(libc, descriptor, { name, make });
    if (fd === undefined) return undefined;
    const boot = textInProc("/proc/sys/kernel/random/boot_id").trim();
    try {
      return { ...openLedgerFile(libc, fd, boot === "" ? {} : { boot }), path };
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  } catch (error) {
    throw new StartError(`the books of the quota, ${path}, cannot be used: ${messageOf(error)}`);
  } finally {
    libc.close(descriptor);
  }
}

/** The storage's figures, which the quota counts. */
export function requireUsage({ usage }: Storage): UsageSupport {
  if (usage === undefined) throw new StartError("this storage does not tell what its files take");
  return usage;
}

/** What a count has found, in words. */
export function toldOf({ before, now, isExact }: Counted): string {
  const found = `${now.bytes} bytes in ${now.files} files`;
  const known = before.bytes === now.bytes && before.files === now.files;
  const was = known ? "" : `, not ${before.bytes} in ${before.files}`;
  return `counted ${found}${was}${isExact ? "" : ", while sessions changed some"}`;
}

/** How much of a quota is used, in words. */
export function usedOf({ used }: Books, { bytes, files }: QuotaLimit): string {
  const ofFiles = files === undefined ? "" : ` of ${files}`;
  const part = bytes === 0 ? "" : ` (${Math.round(100 * used.bytes / bytes)} %)`;
  return `${used.bytes} of ${bytes} bytes${part}, ${used.files}${ofFiles} files`;
}

function unitOf({ blockBytes }: UsageSupport): Unit {
  return blockBytes === undefined ? "sizes" : "blocks";
}

function openBooks(
  libc: Libc,
  directory: number,
  { name, make }: { readonly name: string; readonly make: boolean },
): number | undefined {
  const existing = Open.RDWR | Open.NOFOLLOW | Open.NONBLOCK | Open.NOCTTY;
  const how = make ? { flags: existing | Open.CREAT, mode: PRIVATE_MODE } : { flags: existing };
  const fd = openAt(libc, directory, { name, ...how });
  if (fd === -Errno.ENOENT && !make) return undefined;
  check(fd);
  const reader = new StatusReader(libc);
  const { uid, permissions } = reader.ofOpen(fd);
  const wrong = reader.type !== FileType.REGULAR
    ? "not a regular file"
    : uid !== libc.geteuid()
    ? `it belongs to user ${uid}`
    : (permissions & OTHERS_MAY_WRITE) !== 0
    ? "others may write in it (chmod 600)"
    : undefined;
  if (wrong === undefined) return fd;
  libc.close(fd);
  throw new StartError(wrong);
}

/** One for each jail, by its path, which may be longer than a name. */
async function bookName(jail: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(jail));
  const bytes = new Uint8Array(digest).slice(0, NAME_BYTES);
  return `quota-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
