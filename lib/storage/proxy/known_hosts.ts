import { ConnectError } from "./connection_options.ts";
import { hashedName, type HostKey, isHashOf } from "./host_keys.ts";
import { matchesList } from "./patterns.ts";

/** What a line says of its key. */
export type Marker = "revoked" | "cert-authority";

/** A line of known_hosts that is about a host. */
export interface KnownKey extends HostKey {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly marker: Marker | undefined;
}

/** Bytes of salt in a hashed name. */
const SALT_LENGTH = 20;

/**
 * The keys that a file has for a host.
 *
 * @param text The file's contents.
 * @param name The host, with its port in brackets where that is not 22.
 * @param file The file's name, for messages.
 */
export function knownKeys(text: string, name: string, file: string): KnownKey[] {
  const keys: KnownKey[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const words = trimmed.split(/[ \t]+/);
    const marker = words[0]!.startsWith("@") ? words.shift()! : undefined;
    const [names = "", type = "", base64 = ""] = words;
    // ssh passes over what it does not understand here, too; such a line makes nobody known.
    if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority") continue;
    if (!isAbout(name, names) || !holdsKey(type, base64)) continue;
    const kind = marker === undefined ? undefined : marker.slice(1) as Marker;
    keys.push({ file, line: index + 1, marker: kind, type, base64 });
  }
  return keys;
}

/** As {@linkcode knownKeys}, of several files; those that do not exist have none. */
export function readKnownKeys(files: readonly string[], name: string): KnownKey[] {
  return files.flatMap((file) => {
    const text = textOf(file);
    return text === undefined ? [] : knownKeys(text, name, file);
  });
}

/**
 * Adds a key to a file, which is made where it is missing. The line goes in with one write behind
 * everything else, so that others who do the same do no harm.
 *
 * @throws {Error} As the system has it, if that cannot be done.
 */
export function addKnownKey(
  file: string,
  { name, key, isHashed }: {
    readonly name: string;
    readonly key: HostKey;
    readonly isHashed: boolean;
  },
): void {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_LENGTH));
  const shown = isHashed ? hashedName(name, salt) : name;
  const line = `${shown} ${key.type} ${key.base64}\n`;
  const text = textOf(file);
  if (text === undefined) makeFolder(file);
  const isOpenEnded = text !== undefined && text !== "" && !text.endsWith("\n");
  Deno.writeTextFileSync(file, isOpenEnded ? `\n${line}` : line, { append: true, mode: 0o600 });
}

/** Whether a line's first field, hashed or a list of patterns, is about the host. */
function isAbout(name: string, field: string): boolean {
  if (field.startsWith("|")) return isHashOf(field, name);
  return matchesList(name.toLowerCase(), field.toLowerCase());
}

function holdsKey(type: string, base64: string): boolean {
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const head = new TextEncoder().encode(type);
    return bytes.length > head.length + 4 && bytes[3] === head.length &&
      head.every((byte, index) => bytes[index + 4] === byte);
  } catch (error) {
    // Not base64: not a key.
    if (error instanceof DOMException) return false;
    throw error;
  }
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
    // What cannot be read might say that a key is revoked.
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectError(`${file}: cannot be read: ${reason}`);
  }
}
