/**
 * Runs programs for a test and shows their output if they fail.
 *
 * @module
 */

import { programPath } from "./programs.ts";

/** Milliseconds after which a program counts as hung; far more than any of them takes. */
const HUNG = 120_000;

/** How to run a program; every option may be absent. */
export interface RunOptions {
  /** The content of its standard input; nothing if absent. */
  readonly input?: string | Uint8Array;
  /** Variables in addition to those of the test itself. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its working directory. */
  readonly cwd?: string;
  /** After how long it counts as hung. */
  readonly limitMs?: number;
}

/** How a program ended. */
export interface RunResult {
  /** The exit status. */
  readonly code: number;
  /** What it wrote to standard output, as text. */
  readonly stdout: string;
  /** What it wrote to standard error, as text. */
  readonly stderr: string;
}

/**
 * Runs a program to its end. Names without a slash are looked up on PATH.
 *
 * @throws {Error} If it is not installed, or hangs; a hung one is killed.
 */
export async function run(
  program: string,
  args: readonly string[],
  { input, env, cwd, limitMs = HUNG }: RunOptions = {},
): Promise<RunResult> {
  const child = new Deno.Command(program.includes("/") ? program : programPath(program), {
    args: [...args],
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C.UTF-8", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  }).spawn();
  let hung = false;
  const guard = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, limitMs);
  try {
    const feeding = input === undefined ? undefined : feed(child.stdin, input);
    const { code, stdout, stderr } = await child.output();
    await feeding;
    const result = { code, stdout: text(stdout), stderr: text(stderr) };
    if (hung) throw new Error(`${program} hung\n${told(result)}`);
    return result;
  } finally {
    clearTimeout(guard);
  }
}

/**
 * Runs a program that must succeed.
 *
 * @returns What it wrote to standard output.
 * @throws {Error} As {@linkcode run}, and if its exit status is not 0; with all of its output.
 */
export async function runOk(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(program, args, options);
  if (result.code !== 0) throw new Error(`${program} ${args.join(" ")}\n${told(result)}`);
  return result.stdout;
}

/** Quotes a word for the shell that sshd starts, and for OpenSSH's own splitting of `-D`. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line out of words. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/** Waits until a condition holds; a test that waits in vain is ended by its own deadline. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { what, every = 20 }: { readonly what: string; readonly every?: number },
): Promise<void> {
  const deadline = Date.now() + HUNG;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

async function feed(stdin: WritableStream<Uint8Array>, input: string | Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch (error) {
    // A program may end before it has read everything; its exit status says the rest.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function told({ code, stdout, stderr }: RunResult): string {
  return `exit status ${code}\n--- stdout\n${stdout}--- stderr\n${stderr}`;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
