import { messageOf } from "../../message_of.ts";
import { openLibcIfAllowed } from "../../linux/libc.ts";
import { StartError } from "../errors.ts";
import { assumeFileRights, ROOT_UID } from "../files/file_place.ts";
import { isUnseen, statusOf, textOf } from "../jail/containment.ts";
import { type ListedAccount, listedAccounts } from "../jail/ways_out.ts";
import { type Identity, identity } from "../start/host.ts";

/** An account that nothing is known about. */
export const NO_ACCOUNT = { user: undefined, uid: undefined, home: undefined } as const;

/**
 * The account that a list of keys is for: the owner of the home that it is in, where root installs
 * it, otherwise this process's account. Root may print a line for any account, or keep lists in a
 * directory of its own: then nothing is known.
 */
export function accountFor(file: string | undefined): Identity {
  const me = identity();
  if (me.uid !== ROOT_UID) return me;
  const home = file === undefined ? undefined : homeOf(file);
  const uid = home === undefined ? undefined : statusOf(home)?.uid ?? undefined;
  if (uid === undefined || uid === ROOT_UID) return home === me.home ? me : NO_ACCOUNT;
  const listed = listedAs(uid);
  return { user: listed?.name, uid, home: listed?.home ?? home };
}

/**
 * The home directory of the account that a list of keys belongs to, or else the directory of the
 * list.
 */
export function homeOf(file: string): string {
  const directory = file.replace(/\/?[^/]*$/, "") || (file.startsWith("/") ? "/" : ".");
  return directory.replace(/(^|\/)\.ssh$/, "") || (directory.startsWith("/") ? "/" : ".");
}

/**
 * Enters a directory with the account's rights, if root can take them on.
 *
 * @throws {StartError} If the account may not enter it.
 */
export function requireEntry(directory: string, { user, uid }: Identity): void {
  const libc = openLibcIfAllowed();
  const listed = uid === undefined || uid === ROOT_UID ? undefined : listedAs(uid);
  if (libc?.geteuid() !== ROOT_UID || listed === undefined) return;
  const giveBack = assumeFileRights(libc, listed.uid, listed.gid, groupsOf(user));
  try {
    Deno.statSync(`${directory}/.`);
  } catch (error) {
    if (!isUnseen(error)) throw error;
    throw new StartError(`${user} may not enter ${directory}: ${messageOf(error)}`);
  } finally {
    giveBack();
  }
}

function listedAs(uid: number): ListedAccount | undefined {
  return listedAccounts().find((account) => account.uid === uid);
}

function groupsOf(user: string | undefined): readonly number[] {
  return textOf("/etc/group").split("\n").flatMap((line) => {
    const [, , gid, members = ""] = line.split(":");
    return user !== undefined && members.split(",").includes(user) ? [Number(gid)] : [];
  });
}
