import { messageOf } from "../../../message_of.ts";
import { ConnectError } from "../connection_options.ts";
import { hashedName, type HostKey, hostKey, isHashOf, signatureAlgorithms } from "./host_keys.ts";
import { matchesList } from "../config/patterns.ts";

/** What a line says about its key. */
export type Marker = "revoked" | "cert-authority";

/** A line of known_hosts that is about a host. */
export interface KnownKey extends HostKey {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly marker: Marker | undefined;
}

/** Bytes of salt in a hashed name. */
const SALT_BYTES = 20;

/**
 * The keys that a file has for a host.
 *
 * @param text The file's contents.
 * @param name The host; in brackets and with its port if that is not 22.
 * @param file The file's name, for messages.
 */
export function knownKeys(text: string, name: string, file: string): KnownKey[] {
  const keys: KnownKey[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.replace(/^[ \t]+|[ \t\r]+$/g, "");
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const words = trimmed.split(/[ \t]+/);
    const marker = words[0]!.startsWith("@") ? words.shift()! : undefined;
    const [names = "", type = "", base64 = ""] = words;
    // Like ssh, ignores what it does not understand; such a line does not make a host known.
    if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority") continue;
    const key = isAbout(name, names) ? wholeKey(type, base64) : undefined;
    if (key === undefined) continue;
    const kind = marker === undefined ? undefined : marker.slice(1) as Marker;
    keys.push({ file, line: index + 1, marker: kind, ...key });
  }
  return keys;
}

/** Like {@linkcode knownKeys}, for several files; those that do not exist have no keys. */
export function readKnownKeys(files: readonly string[], name: string): KnownKey[] {
  return files.flatMap((file) => {
    const text = textOf(file);
    return text === undefined ? [] : knownKeys(text, name, file);
  });
}

/**
 * Adds a key to a file, which is created if missing. The line is appended with one write, so that
 * other processes can do the same at the same time.
 *
 * @throws {Error} The system's error, if that fails.
 */
export function addKnownKey(
  file: string,
  { name, key, isHashed }: {
    readonly name: string;
    readonly key: HostKey;
    readonly isHashed: boolean;
  },
): void {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const shown = isHashed ? hashedName(name, salt) : name;
  const line = `${shown} ${key.type} ${key.base64}\n`;
  const text = textOf(file);
  if (text === undefined) makeFolder(file);
  const isOpenEnded = text !== undefined && text !== "" && !text.endsWith("\n");
  Deno.writeTextFileSync(file, isOpenEnded ? `\n${line}` : line, { append: true, mode: 0o600 });
}

/** Whether a line's first field, hashed or a list of patterns, matches the host. */
function isAbout(name: string, field: string): boolean {
  if (field.startsWith("|")) return isHashOf(field, name);
  return matchesList(name.toLowerCase(), field.toLowerCase());
}

/** A line's key; undefined if it is malformed, cut off, or not of the type that the line names. */
function wholeKey(type: string, base64: string): HostKey | undefined {
  const bytes = bytesOf(base64);
  const key = isWhole(bytes) ? hostKey(bytes) : undefined;
  if (key === undefined) return undefined;
  // As in ssh, a line may name a signature algorithm of the key.
  return key.type === type || signatureAlgorithms(key.type).includes(type) ? key : undefined;
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch (error) {
    // Not base64: not a key.
    if (error instanceof DOMException) return new Uint8Array();
    throw error;
  }
}

/** Whether the bytes are made of parts that begin with their length, as in every key. */
function isWhole(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + 4 <= bytes.length) at += 4 + view.getUint32(at);
  return at === bytes.length;
}

function makeFolder(file: string): void {
  const folder = file.slice(0, file.lastIndexOf("/"));
  if (folder !== "") Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
}

function textOf(file: string): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    // A file that cannot be read may say that a key is revoked.
    const reason = messageOf(error);
    throw new ConnectError(`${file}: cannot be read: ${reason}`);
  }
}
