import { granted } from "../../permissions.ts";
import type { Libc } from "../../linux/libc.ts";

/** Names of users and groups for their numbers. */
export interface Accounts {
  /** The name of a user, or undefined. */
  user(uid: number): string | undefined;
  /** The name of a group, or undefined. */
  group(gid: number): string | undefined;
}

/** Knows no names: listings show numbers. */
export const noAccounts: Accounts = { user: () => undefined, group: () => undefined };

/**
 * Names from the texts of /etc/passwd and /etc/group, both of which have the
 * name in the first field and the number in the third. They are read when the
 * first name is needed, which never happens in many sessions.
 */
export function accountsOf(passwd: string, group: string): Accounts {
  let users: ReadonlyMap<number, string> | undefined;
  let groups: ReadonlyMap<number, string> | undefined;
  return {
    user: (uid) => (users ??= namesByNumber(passwd)).get(uid),
    group: (gid) => (groups ??= namesByNumber(group)).get(gid),
  };
}

function namesByNumber(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , number] = line.split(":");
    if (!name || !number || !/^\d+$/.test(number)) continue;
    // Like getpwuid(3): if two lines have the same number, the first counts.
    if (!names.has(Number(number))) names.set(Number(number), name);
  }
  return names;
}

/** Calls that return the IDs of this process, and their names. */
type OwnCalls = Pick<Libc, "getuid" | "getgid" | "getgroups" | "openNames">;

/**
 * Names of users and groups of this machine, where /etc/passwd and /etc/group may be read; with
 * libc also this process's own user and groups, wherever the machine has their names from (LDAP,
 * SSSD). Those are looked up immediately, and only if the files do not have them: after the
 * confinement their source cannot be reached.
 */
export function readAccounts(libc?: OwnCalls): Accounts {
  const texts = ["/etc/passwd", "/etc/group"].map(readText);
  const listed = texts.every((text) => text === undefined)
    ? noAccounts
    : accountsOf(texts[0] ?? "", texts[1] ?? "");
  return libc === undefined ? listed : withOwn(listed, texts, libc);
}

/** Searches the texts only, because most sessions need no name from them. */
function withOwn(
  listed: Accounts,
  [passwd = "", group = ""]: readonly (string | undefined)[],
  libc: OwnCalls,
): Accounts {
  const uids = [libc.getuid()].filter((uid) => !hasNumber(passwd, uid));
  const gids = [...new Set([libc.getgid(), ...libc.getgroups()])].filter((gid) =>
    !hasNumber(group, gid)
  );
  if (uids.length === 0 && gids.length === 0) return listed;
  const names = libc.openNames();
  const users = new Map(uids.map((uid) => [uid, names.userName(uid)]));
  const groups = new Map(gids.map((gid) => [gid, names.groupName(gid)]));
  return {
    user: (uid) => listed.user(uid) ?? users.get(uid),
    group: (gid) => listed.group(gid) ?? groups.get(gid),
  };
}

function hasNumber(text: string, number: number): boolean {
  return new RegExp(`^[^:\\n]+:[^:\\n]*:${number}(?::|$)`, "m").test(text);
}

function readText(path: string): string | undefined {
  if (!granted({ name: "read", path })) return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
