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
 * name in the first field and the number in the third. They are read when the
 * first name is asked for, which many sessions never do.
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
    // As getpwuid(3): where two lines have one number, the first counts.
    if (!names.has(Number(number))) names.set(Number(number), name);
  }
  return names;
}

/** Names of users and groups of this machine, where /etc/passwd and /etc/group may be read. */
export function readAccounts(): Accounts {
  const texts = ["/etc/passwd", "/etc/group"].map(readText);
  return texts.every((text) => text === undefined)
    ? noAccounts
    : accountsOf(texts[0] ?? "", texts[1] ?? "");
}

function readText(path: string): string | undefined {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
