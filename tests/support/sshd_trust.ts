/**
 * How a test's sshd and its client trust each other: by their keys, or by an authority that has
 * signed them.
 *
 * @module
 */

import { runOk } from "./run.ts";

/** A kind of key that ssh-keygen makes. */
export type KeyType = "ed25519" | "ecdsa" | "rsa";

/** The parts of a line of known_hosts around the host's name. */
export interface KnownLine {
  /** The text before the name; empty, or a marker and a space. */
  readonly marker: string;
  /** The public key, with the end of the line. */
  readonly key: string;
}

/** How the two sides trust each other. */
export interface Trust {
  /** Lines of sshd_config that say who may log in, and what the server shows. */
  readonly trust: readonly string[];
  /** What the client knows about the server. */
  readonly known: readonly KnownLine[];
}

/** The two sides. */
export interface Sides {
  readonly host: string;
  readonly user: string;
  /** The client's private key; the public one is next to it. */
  readonly clientKey: string;
  readonly hostKeys: readonly string[];
  /** The command of every session with this key. */
  readonly command?: string;
  /** The options of the key besides `command`, as in authorized_keys. */
  readonly keyOptions?: string;
  /** Whether an authority vouches for both. */
  readonly certificates?: boolean;
}

/** Makes the two sides trust each other, with the files for it in a directory. */
export async function trusted(directory: string, sides: Sides): Promise<Trust> {
  const trust = sides.certificates === true ? certified : pinned;
  return await trust(directory, sides);
}

/** Makes a key without a passphrase; the public one is next to it with `.pub`. */
export async function makeKey(path: string, type: KeyType): Promise<void> {
  await runOk("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "test", "-f", path]);
}

async function pinned(directory: string, sides: Sides): Promise<Trust> {
  const authorizedKeys = `${directory}/authorized_keys`;
  const publicKey = await Deno.readTextFile(`${sides.clientKey}.pub`);
  await Deno.writeTextFile(authorizedKeys, keyOptionsOf(sides) + publicKey, { mode: 0o600 });
  const keys = await Promise.all(sides.hostKeys.map((path) => Deno.readTextFile(`${path}.pub`)));
  return {
    trust: [`AuthorizedKeysFile "${authorizedKeys}"`],
    known: keys.map((key) => ({ marker: "", key })),
  };
}

function keyOptionsOf({ command, keyOptions = "restrict" }: Sides): string {
  const all = keyOptions === "" ? [] : [keyOptions];
  if (command !== undefined) all.push(`command="${command.replaceAll('"', '\\"')}"`);
  return all.length === 0 ? "" : `${all.join(",")} `;
}

async function certified(directory: string, sides: Sides): Promise<Trust> {
  const { host, user, clientKey, hostKeys, command } = sides;
  const authority = `${directory}/authority`;
  await makeKey(authority, "ed25519");
  const sign = (...words: readonly string[]) =>
    runOk("ssh-keygen", ["-q", "-s", authority, "-V", "-5m:+1h", ...words]);
  const forced = command === undefined ? [] : ["-O", `force-command=${command}`];
  await sign("-I", "client", "-n", user, "-O", "clear", ...forced, `${clientKey}.pub`);
  for (const path of hostKeys) await sign("-h", "-I", "host", "-n", host, `${path}.pub`);
  return {
    trust: [
      ...hostKeys.map((path) => `HostCertificate "${path}-cert.pub"`),
      `TrustedUserCAKeys "${authority}.pub"`,
      "AuthorizedKeysFile none",
    ],
    known: [{ marker: "@cert-authority ", key: await Deno.readTextFile(`${authority}.pub`) }],
  };
}
