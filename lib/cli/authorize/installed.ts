/**
 * The keys of a list that run this program: what each gives, and how one is removed.
 *
 * @module
 */

import { StartError, UsageError } from "../errors.ts";
import { argumentsOf, parseOptions } from "../options/args.ts";
import { type AuthorizedKey, parseLine } from "./authorized_key.ts";
import { fingerprint, type PublicKey } from "./public_key.ts";
import { type Target, TARGETS } from "./target.ts";

/** Which key is meant: by itself, its fingerprint, or its comment. */
export type Wanted = Pick<PublicKey, "blob"> | { readonly text: string };

/** A line for each key: fingerprint, what it gives, and comment, with tabs between them. */
export function listOf(text: string): string {
  const keys = text.split("\n").flatMap((line) => parseLine(line) ?? []);
  return keys.map((key) => `${fingerprint(key)}\t${givenBy(key)}\t${key.comment}\n`).join("");
}

/**
 * The text without the one line for the key that is meant. Lines that do not run this program are
 * never removed.
 *
 * @throws {StartError} If no line matches, or more than one does.
 */
export function without(text: string, wanted: Wanted): string {
  const lines = text.split("\n");
  const matches = lines.flatMap((line, index) => {
    const key = parseLine(line);
    return key !== undefined && targetOf(key) !== undefined && isMeant(key, wanted) ? [index] : [];
  });
  const [found, second] = matches;
  if (found === undefined) throw new StartError("no key that runs sftpwrap matches");
  if (second !== undefined) {
    throw new StartError(`${matches.length} keys match: give the fingerprint of one (--list)`);
  }
  return lines.toSpliced(found, 1).join("\n");
}

function isMeant(key: AuthorizedKey, wanted: Wanted): boolean {
  if ("blob" in wanted) return wanted.blob === key.blob;
  // Many keys have no comment.
  return wanted.text !== "" && [fingerprint(key), key.comment].includes(wanted.text);
}

function targetOf({ command: [, subcommand] }: AuthorizedKey): Target | undefined {
  return TARGETS.find(({ name }) => name === subcommand);
}

function givenBy(key: AuthorizedKey): string {
  const limits = ["from", "expiry-time"].flatMap((name) => {
    const value = key.options.get(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  return [...told(key), ...limits].join(" ");
}

/** A command of another program may contain secrets, and is not shown. */
function told(key: AuthorizedKey): readonly string[] {
  const target = targetOf(key);
  if (target === undefined) {
    return [key.options.has("command") ? "another command" : "any command"];
  }
  const args = key.command.slice(2);
  try {
    const options = argumentsOf(parseOptions(args, target.specs), target.specs);
    return [target.name, target.told(args), ...options];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [target.name, `(would not start: ${error.message})`];
  }
}
