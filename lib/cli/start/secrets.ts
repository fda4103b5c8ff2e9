import { messageOf } from "../../message_of.ts";
import { StartError } from "../errors.ts";
import { environment } from "./host.ts";

/** Where a secret may come from; the first one present counts. */
export interface SecretSources {
  /** What it is, for messages. */
  readonly what: string;
  /** The value on the command line. */
  readonly given?: string | undefined;
  /** A file whose first line is the secret. */
  readonly file: string | undefined;
  /** An environment variable. */
  readonly variable: string;
}

/**
 * Finds a secret. The variable is always removed from the environment, so that
 * no program that this one starts inherits it.
 *
 * @throws {StartError} If the file cannot be read.
 */
export function findSecret({ what, given, file, variable }: SecretSources): string | undefined {
  const inherited = environment(variable);
  if (inherited !== undefined) Deno.env.delete(variable);
  if (given !== undefined) return given;
  return file === undefined ? inherited : firstLine(file, what);
}

function firstLine(file: string, what: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    const reason = messageOf(error);
    throw new StartError(`cannot read the ${what} from ${file}: ${reason}`);
  }
  // Some editors begin a file with a byte-order mark.
  const [line = ""] = text.replace(/^\ufeff/, "").split(/\r?\n/, 1);
  if (line === "") throw new StartError(`the first line of ${file} is empty: it has no ${what}`);
  return line;
}

/** What is wrong with a file that holds a secret; undefined if only its owner may read it. */
export function exposure(file: string): string | undefined {
  const { mode } = Deno.statSync(file);
  if (mode === null || (mode & 0o077) === 0) return undefined;
  return `others may read ${file} (chmod 600 ${file})`;
}
