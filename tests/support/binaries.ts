/**
 * The compiled programs, made by `scripts/compile.ts` when a test needs one.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type Need, needs } from "./programs.ts";
import { run, type RunResult } from "./run.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/compile.ts", import.meta.url));
const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** A compiled program. */
export interface Binary {
  readonly path: string;
  /** What `scripts/compile.ts` printed. */
  readonly printed: string;
}

const compiled = new Map<string, Promise<Binary>>();
let folder: string | undefined;

/** What a test of a compiled program needs: a Deno that can compile here. */
export function needsCompile(...programs: string[]): Need {
  return needs("$DENO_COMPILE", ...programs);
}

/** A directory for compiled programs, which is removed after the test file that made it. */
export function binaryFolder(): string {
  if (folder !== undefined) return folder;
  const made = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sftpwrap_test_bin_" }));
  globalThis.addEventListener("unload", () => Deno.removeSync(made, { recursive: true }));
  return folder = made;
}

/** Runs `scripts/compile.ts`, with further variables or without some. */
export async function compile(
  args: readonly string[],
  { env = {}, unset = [] }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly unset?: readonly string[];
  } = {},
): Promise<RunResult> {
  const flags = ["--no-prompt", "--no-check", "--quiet", "-A"];
  const words = [Deno.execPath(), "run", ...flags, SCRIPT, ...args];
  const without = unset.flatMap((variable) => ["-u", variable]);
  return await run("env", [...without, ...words], { cwd: PROJECT, env });
}

/** A program made with these arguments of `scripts/compile.ts`, once for each file of tests. */
export function binary(name: string, args: readonly string[] = []): Promise<Binary> {
  const key = JSON.stringify([name, args]);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const making = make(`${binaryFolder()}/${name}`, args);
  compiled.set(key, making);
  return making;
}

async function make(path: string, args: readonly string[]): Promise<Binary> {
  const end = args.indexOf("--");
  const own = end === -1 ? args : args.slice(0, end);
  const baked = end === -1 ? [] : args.slice(end);
  const { code, stdout, stderr } = await compile([...own, "--output", path, ...baked]);
  if (code !== 0) throw new Error(`compile: exit status ${code}\n${stdout}${stderr}`);
  return { path, printed: stdout };
}
