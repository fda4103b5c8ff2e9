/**
 * Lines of an authorized_keys file (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
 *
 * @module
 */

import { UsageError } from "../errors.ts";

/** The key types that OpenSSH accepts in authorized_keys, and how many fields a key of each has. */
const FIELDS: ReadonlyMap<string, number> = new Map([
  ["ssh-ed25519", 2],
  ["ssh-rsa", 3],
  ["ecdsa-sha2-nistp256", 3],
  ["ecdsa-sha2-nistp384", 3],
  ["ecdsa-sha2-nistp521", 3],
  ["sk-ssh-ed25519@openssh.com", 3],
  ["sk-ecdsa-sha2-nistp256@openssh.com", 4],
]);

/** A public key. */
export interface PublicKey {
  readonly type: string;
  /** The key itself, in base64. */
  readonly blob: string;
  /** The text after the key, often a person's address. */
  readonly comment: string;
}

/**
 * Reads the one public key of a text such as `id_ed25519.pub`.
 *
 * @throws {UsageError} If there is none, more than one, or one that is malformed.
 */
export function parsePublicKey(text: string): PublicKey {
  const lines = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [line] = lines;
  if (line === undefined) throw new UsageError("there is no key");
  if (line.includes("PRIVATE KEY")) {
    throw new UsageError("this is a private key: the .pub is needed");
  }
  if (lines.length > 1) throw new UsageError("there is more than one key");
  const [type = "", blob = "", ...comment] = line.split(/[ \t]+/);
  const expected = FIELDS.get(type);
  if (expected === undefined) throw new UsageError(`"${type}" is not a key's type`);
  const fields = fieldsOf(blob);
  if (fields?.length !== expected || new TextDecoder().decode(fields[0]) !== type) {
    throw new UsageError("the key is malformed");
  }
  return { type, blob, comment: comment.join(" ") };
}

/** The line that allows the key's owner to run `command`, and nothing else. */
export function authorizedLine(key: PublicKey, command: readonly string[]): string {
  const words = command.map(shellQuoted).join(" ");
  const option = `restrict,command="${words.replaceAll('"', '\\"')}"`;
  return [option, key.type, key.blob, key.comment].filter((part) => part !== "").join(" ");
}

/** Replaces the lines for the same key in a text with `line`, or appends it. */
export function withLine(text: string, key: PublicKey, line: string): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const first = lines.findIndex((each) => isFor(each, key));
  const others = lines.filter((each, index) => index === first || !isFor(each, key));
  if (first === -1) others.push(line);
  else others[first] = line;
  return others.join("\n") + "\n";
}

/** Whether a line is for this key, whatever its options and its comment. */
function isFor(line: string, key: PublicKey): boolean {
  if (line.trimStart().startsWith("#")) return false;
  const words = line.split(/[ \t]+/);
  return words.some((word, index) => word === key.blob && words[index - 1] === key.type);
}

/** A word quoted for any POSIX shell; the account's login shell runs the command. */
function shellQuoted(word: string): string {
  if (/[\0\n\r]/.test(word)) {
    throw new UsageError("a line of authorized_keys cannot contain a line break");
  }
  return /^[A-Za-z0-9_./%@:,+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The fields in a key's bytes (RFC 4253, section 6.6); nothing if they are cut off. */
function fieldsOf(blob: string): readonly Uint8Array[] | undefined {
  // `atob` accepts white space, and does not require the closing `=`.
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0) return undefined;
  const bytes = Uint8Array.from(atob(blob), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const fields: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 4) return undefined;
    const length = view.getUint32(at);
    at += 4;
    if (length > bytes.length - at) return undefined;
    fields.push(bytes.subarray(at, at + length));
    at += length;
  }
  return fields;
}
