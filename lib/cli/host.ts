/**
 * What this program may learn of its host. Each question is asked only where
 * the permission for it has been granted: a missing one costs a detail, never
 * the session.
 *
 * @module
 */

import { type Accounts, accountsOf, noAccounts } from "../storage/local/accounts.ts";

/** Who the session is for. */
export interface Identity {
  readonly user: string | undefined;
  readonly uid: number | undefined;
  readonly home: string | undefined;
}

/** Whether a permission has been granted; nobody is asked. */
export function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/** An environment variable, where it may be read and is set. */
export function environment(variable: string): string | undefined {
  return granted({ name: "env", variable }) ? Deno.env.get(variable) : undefined;
}

/** The account that this process runs under, from the environment that sshd sets. */
export function identity(): Identity {
  return {
    user: environment("USER") ?? environment("LOGNAME"),
    uid: granted({ name: "sys", kind: "uid" }) ? Deno.uid() ?? undefined : undefined,
    home: environment("HOME"),
  };
}

/** The client's address and port as sshd tells them: `192.0.2.1 port 50022`. */
export function clientAddress(): string | undefined {
  const [address] = (environment("SSH_CONNECTION") ?? "").split(" ");
  return address === "" ? undefined : address;
}

/** Names of users and groups, where /etc/passwd and /etc/group may be read. */
export function accounts(): Accounts {
  const texts = ["/etc/passwd", "/etc/group"].map(readText);
  return texts.every((text) => text === undefined)
    ? noAccounts
    : accountsOf(texts[0] ?? "", texts[1] ?? "");
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

/** Reads the time zone's file, before the way to all files is closed. */
export function openTimeZone(): void {
  new Date().getTimezoneOffset();
}
