/**
 * Lines of an authorized_keys file (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
 *
 * @module
 */

import { UsageError } from "../errors.ts";
import { shellWord } from "../shell_word.ts";
import { cleaned, isKeyType, type PublicKey } from "./public_key.ts";

/** A line for a key, as sshd reads it. */
export interface AuthorizedKey extends PublicKey {
  /** The values of the options that have one, by name in lower case. */
  readonly options: ReadonlyMap<string, string>;
  /** The words of its command, as a POSIX shell reads them. */
  readonly command: readonly string[];
}

/** What is between quotation marks; `\"` is the only escape that sshd knows. */
const QUOTED = String.raw`"((?:\\"|\\(?!")|[^"\\])*)"`;
const OPTIONS = new RegExp(String.raw`^(?:\\"|\\(?!")|[^\s"\\]|${QUOTED})+`);
const OPTION = new RegExp(String.raw`([\w@.-]+)(?:=${QUOTED})?(?:,|$)`, "gy");

/**
 * The line that allows the key's owner to run `command`, and nothing else.
 *
 * @param limits Further options with their values, such as `from`.
 */
export function authorizedLine(
  key: PublicKey,
  command: readonly string[],
  limits: Readonly<Record<string, string>> = {},
): string {
  const values = Object.entries({ ...limits, command: shellLine(command) });
  const options = values.map(([name, value]) => `${name}="${value.replaceAll('"', '\\"')}"`);
  const option = ["restrict", ...options].join(",");
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

/** Reads a line; undefined if it does not hold a key. */
export function parseLine(line: string): AuthorizedKey | undefined {
  const text = line.trim();
  const [first = ""] = text.split(/[ \t]/, 1);
  const [head = ""] = isKeyType(first) ? [] : OPTIONS.exec(text) ?? [];
  const [type = "", blob = "", ...comment] = text.slice(head.length).trim().split(/[ \t]+/);
  if (text.startsWith("#") || !isKeyType(type)) return undefined;
  const options = new Map<string, string>();
  for (const [, name = "", value] of head.matchAll(OPTION)) {
    options.set(name.toLowerCase(), (value ?? "").replaceAll('\\"', '"'));
  }
  const command = shellWords(options.get("command") ?? "");
  return { type, blob, comment: cleaned(comment.join(" ")), options, command };
}

/** Words as one line for any POSIX shell; the account's login shell runs the command. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuoted).join(" ");
}

/** Whether a line is for this key, whatever its options and its comment. */
function isFor(line: string, key: PublicKey): boolean {
  if (line.trimStart().startsWith("#")) return false;
  const words = line.split(/[ \t]+/);
  return words.some((word, index) => word === key.blob && words[index - 1] === key.type);
}

function shellQuoted(word: string): string {
  if (/[\0\n\r]/.test(word)) {
    throw new UsageError("a line of authorized_keys cannot contain a line break");
  }
  return shellWord(word);
}

/** The words of a simple command; what a shell would expand stays as it is. */
function shellWords(text: string): readonly string[] {
  const words = text.match(/(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/gs) ?? [];
  return words.map((word) =>
    word.replace(
      /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs,
      (_, single?: string, double?: string, one?: string) =>
        single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? one ?? "",
    )
  );
}
