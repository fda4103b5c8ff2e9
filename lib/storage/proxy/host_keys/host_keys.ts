import { createHash, createHmac } from "node:crypto";
import { Buffer } from "node:buffer";

/** A host's public key as sent on the wire, with its type. */
export interface HostKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  /** The bytes in base64, as known_hosts has them. */
  readonly base64: string;
}

/** The algorithms that a key type can sign with; other types sign with the one of their name. */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** The key in these bytes; undefined if they are not a key. */
export function hostKey(bytes: Uint8Array): HostKey | undefined {
  if (bytes.length < 4) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  if (length === 0 || length > 64 || length + 4 > bytes.length) return undefined;
  const type = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  return { type, base64: Buffer.from(bytes).toString("base64") };
}

/** A key's fingerprint as ssh shows it: `SHA256:…`. */
export function fingerprint({ base64 }: HostKey): string {
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** The short name of a key type: `ED25519` for `ssh-ed25519`. */
export function typeName(type: string): string {
  if (type.startsWith("ecdsa-")) return "ECDSA";
  return type.replace(/^ssh-/, "").replace(/^dss$/, "dsa").toUpperCase();
}

/** Algorithms that a key of this type can sign with. */
export function signatureAlgorithms(type: string): readonly string[] {
  return SIGNATURES[type] ?? [type];
}

/** The field of a hashed name: `|1|SALT|HASH`, both in base64. */
export function hashedName(name: string, salt: Uint8Array): string {
  const hash = createHmac("sha1", salt).update(name).digest("base64");
  return `|1|${Buffer.from(salt).toString("base64")}|${hash}`;
}

/** Whether a hashed name is the hash of this name. */
export function isHashOf(field: string, name: string): boolean {
  const [, kind, salt, hash] = field.split("|");
  if (kind !== "1" || salt === undefined || hash === undefined) return false;
  return hashedName(name, Buffer.from(salt, "base64")) === field;
}
