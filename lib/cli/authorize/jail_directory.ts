import { StartError, UsageError } from "../errors.ts";
import { ROOT_UID } from "../files/file_place.ts";
import { logWithin, realDirectory } from "../jail/directory.ts";
import type { JailOptions } from "../jail/options.ts";
import { statusOf } from "../jail/containment.ts";
import { wayOut } from "../jail/ways_out.ts";
import { expandTokens } from "../options/tokens.ts";
import { type Identity, identity } from "../start/host.ts";
import { accountFor, homeOf, NO_ACCOUNT, requireEntry } from "./account.ts";

/**
 * Refuses a DIR in which the jail would not start for the account that the key is for. Where that
 * account is not known, a DIR with tokens is known only at the start of a session.
 *
 * @param install The list of keys that the line is for.
 * @throws {UsageError} If DIR is relative: sshd starts the jail in the home directory.
 * @throws {StartError} If DIR cannot be used, or would let a client out of the jail.
 */
export function requireJail(options: JailOptions, install: string | undefined): void {
  const { directory, startDirectory, logFile, allowHome, readOnly } = options;
  for (const path of [directory, startDirectory ?? "", logFile ?? ""]) {
    expandTokens(path, { user: "user", uid: 0, home: "/" });
  }
  if (!directory.startsWith("/") && !/^%[hd]/.test(directory)) {
    throw new UsageError(`DIR is relative: "${directory}" (sshd starts in the home directory)`);
  }
  const account = install === undefined ? NO_ACCOUNT : accountFor(install);
  const path = expandedFor(directory, account);
  if (path === undefined) return;
  const real = realDirectory(path);
  requireEntry(real, account);
  if (allowHome) return;
  const log = logFile === undefined ? undefined : expandedFor(logFile, account);
  const reason = accountsOf(account, real, install).map((each) => wayOut(real, each, readOnly))
    .find((found) => found !== undefined) ?? logWithin(real, log);
  if (reason !== undefined) {
    throw new StartError(`${path} is not a safe jail: ${reason} (--allow-home overrides)`);
  }
}

/** The path, if what its tokens stand for is known. */
function expandedFor(path: string, account: Identity): string | undefined {
  const hasTokens = /%[^%]/.test(path.replaceAll("%%", ""));
  const isKnown = account.user !== undefined && account.home !== undefined;
  return hasTokens && !isKnown ? undefined : expandTokens(path, account);
}

/** The accounts whose session it may be. */
function accountsOf(
  account: Identity,
  directory: string,
  install: string | undefined,
): readonly Identity[] {
  const me = identity();
  const listed = install === undefined ? [] : [{ ...NO_ACCOUNT, home: homeOf(install) }];
  if (account.uid !== undefined && account.uid !== me.uid) return [...listed, account];
  // Root does this for any account, and a line that is printed is for one that is not known: it may
  // be that of the owner of DIR.
  const owner = { ...NO_ACCOUNT, uid: statusOf(directory)?.uid ?? undefined };
  const isForOthers = me.uid === ROOT_UID || install === undefined && owner.uid !== me.uid;
  return [...listed, me, ...isForOthers ? [owner] : []];
}
