/** Names of users and groups for their numbers. */
export interface Accounts {
  /** The name of a user, or nothing. */
  user(uid: number): string | undefined;
  /** The name of a group, or nothing. */
  group(gid: number): string | undefined;
}

/** Knows nobody: listings show numbers. */
export const noAccounts: Accounts = { user: () => undefined, group: () => undefined };

/**
 * Names out of the texts of /etc/passwd and /etc/group, both of which have the
 * name in the first field and the number in the third.
 */
export function accountsOf(passwd: string, group: string): Accounts {
  const users = namesByNumber(passwd);
  const groups = namesByNumber(group);
  return { user: (uid) => users.get(uid), group: (gid) => groups.get(gid) };
}

function namesByNumber(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , number] = line.split(":");
    if (!name || !number || !/^\d+$/.test(number)) continue;
    // As getpwuid(3): where two lines have one number, the first counts.
    if (!names.has(Number(number))) names.set(Number(number), name);
  }
  return names;
}
