import { messageOf } from "../../../message_of.ts";
import { withTimeout } from "../../../async/with_timeout.ts";
import { CredentialsError, type KeyPlace, keysOfJson } from "./place.ts";

/** The longest that a program may take. */
const PROGRAM_MS = 60_000;

/**
 * Keys that a program prints, as `credential_process` of a profile has it. Its line is split into
 * words without a shell, and what it writes to standard error is dropped, because a client would
 * get it.
 */
export function processPlace(line: string, profile: string): KeyPlace {
  const name = `credential_process of the profile "${profile}"`;
  const [program, ...args] = splitWords(line, name);
  if (program === undefined) throw new CredentialsError(`${name} is empty`);
  return {
    name,
    runs: program,
    async load() {
      return keysOfJson(await run(program, args, name), name);
    },
  };
}

async function run(program: string, args: readonly string[], name: string): Promise<string> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      ...{ args: [...args], stdin: "null", stdout: "piped", stderr: "null" },
    }).spawn();
  } catch (error) {
    throw new CredentialsError(`${name} cannot be run: ${messageOf(error)}`, { cause: error });
  }
  const output = child.output();
  const ended = await withTimeout(output, PROGRAM_MS, undefined);
  if (ended === undefined) {
    child.kill("SIGKILL");
    await output;
    throw new CredentialsError(`${name} takes longer than ${PROGRAM_MS / 1000} seconds`);
  }
  if (!ended.success) throw new CredentialsError(`${name} failed with status ${ended.code}`);
  return new TextDecoder().decode(ended.stdout);
}

/** Words with quotes and backslashes as in a shell; nothing is expanded. */
function splitWords(line: string, name: string): string[] {
  const words: string[] = [];
  const word = /\s*((?:[^\s"'\\]|\\[^]|"(?:[^"\\]|\\[^])*"|'[^']*')+)/y;
  while (/\S/.test(line.slice(word.lastIndex))) {
    const [, raw] = word.exec(line) ?? [];
    if (raw === undefined) throw new CredentialsError(`${name} has an open quote`);
    words.push(
      raw.replace(
        /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/g,
        (_, literal, quoted, escaped) =>
          literal ?? escaped ?? String(quoted).replace(/\\(["\\$`])/g, "$1"),
      ),
    );
  }
  return words;
}
