/**
 * Public keys as files have them: one line, as OpenSSH writes it, or RFC 4716, as PuTTYgen does.
 *
 * @module
 */

import { createHash } from "node:crypto";
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

const BEGIN = "---- BEGIN SSH2 PUBLIC KEY ----";
const END = "---- END SSH2 PUBLIC KEY ----";

/** Characters that could change how a line looks to its reader. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

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
 * @throws {UsageError} If the text holds no key, several keys, or a malformed one.
 */
export function parsePublicKey(text: string): PublicKey {
  const lines = text.replace(/^\ufeff/, "").split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [line] = lines;
  if (line === undefined) throw new UsageError("the file holds no key");
  if (line.includes("PRIVATE KEY")) {
    throw new UsageError("this is a private key: the .pub is needed");
  }
  if (line.startsWith("PuTTY-User-Key-File-")) {
    throw new UsageError('this is a private key: PuTTYgen\'s "Save public key" writes the other');
  }
  if (/^-----BEGIN (?:RSA )?PUBLIC KEY-----$/.test(line)) {
    throw new UsageError("this is a key in PEM: ssh-keygen -i -m PKCS8 converts it");
  }
  if (line === BEGIN) return parseSsh2(lines.slice(1));
  const [type = "", blob = "", ...comment] = line.split(/[ \t]+/);
  requireType(type);
  if (lines.length > 1) throw new UsageError("there is more than one key, or text after it");
  if (typeOf(blob) !== type) throw new UsageError("the key is malformed");
  return { type, blob, comment: cleaned(comment.join(" ")) };
}

/** The key's fingerprint, as `ssh-keygen -l` shows it. */
export function fingerprint({ blob }: Pick<PublicKey, "blob">): string {
  const digest = createHash("sha256").update(blob, "base64").digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** A text on one line, without characters that a reader could be deceived by. */
export function cleaned(text: string): string {
  return text.replace(/\s+/g, " ").replace(UNSAFE, "").trim();
}

/** Whether a word is the name of a type of key. */
export function isKeyType(word: string): boolean {
  return FIELDS.has(word);
}

/** RFC 4716, after the line that begins it. */
function parseSsh2(lines: readonly string[]): PublicKey {
  const end = lines.indexOf(END);
  if (end === -1) throw new UsageError("the key is cut off: its last line is missing");
  if (lines.length > end + 1) throw new UsageError("there is more than one key, or text after it");
  const rest = lines.slice(0, end);
  let comment = "";
  // A header has a colon, which base64 has not, and goes on after a backslash.
  while (rest[0]?.includes(":")) {
    let header = rest.shift() ?? "";
    while (header.endsWith("\\")) header = header.slice(0, -1) + (rest.shift() ?? "");
    const [, value] = /^comment: *(.*)$/i.exec(header) ?? [];
    if (value !== undefined) comment = unquoted(value);
  }
  const blob = rest.join("");
  const type = typeOf(blob);
  if (type === undefined) {
    throw new UsageError("the key is malformed, or of a type that sshd refuses");
  }
  return { type, blob, comment: cleaned(comment) };
}

/** PuTTYgen and ssh-keygen put a comment into quotation marks. */
function unquoted(value: string): string {
  const [, inner] = /^"(.*)"$/.exec(value) ?? [];
  return inner === undefined ? value : inner.replace(/\\(["\\])/g, "$1");
}

function requireType(type: string): void {
  if (isKeyType(type)) return;
  if (type.includes("-cert-v0")) {
    throw new UsageError(`"${type}" is a certificate: the key's own .pub is needed`);
  }
  // A name of a type is short; anything else may be any file.
  if (!/^[\x21-\x7e]{1,64}$/.test(type)) throw new UsageError("this is not a public key");
  throw new UsageError(`"${type}" is not a key's type`);
}

/** The type in a key's bytes; undefined if they are not a key of that type. */
function typeOf(blob: string): string | undefined {
  const fields = fieldsOf(blob);
  if (fields === undefined) return undefined;
  const type = new TextDecoder().decode(fields[0]);
  return fields.length === FIELDS.get(type) ? type : undefined;
}

/** The fields in a key's bytes (RFC 4253, section 6.6); undefined if they are cut off. */
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
