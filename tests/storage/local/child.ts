/**
 * Scripts that a test starts as processes of their own, because what they do
 * to their process cannot be undone.
 *
 * @module
 */

import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";

/** How a script is started. */
export interface ChildOptions {
  /** Options of `deno run`. */
  readonly flags: readonly string[];
  /** Arguments of the script. */
  readonly args: readonly string[];
  /** A program, with its arguments, that starts the rest. */
  readonly under?: readonly string[];
}

/** The words that run a script of this folder. */
export function childWords(script: string, options: ChildOptions): string[] {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return [
    ...options.under ?? [],
    Deno.execPath(),
    ...["run", "--no-prompt", "--no-check", ...options.flags, path, ...options.args],
  ];
}

/** Runs a script of this folder to its end, and returns what it printed as JSON. */
export async function runChild(script: string, options: ChildOptions): Promise<unknown> {
  const words = childWords(script, options);
  const child = new Deno.Command(words[0]!, { args: words.slice(1), stdin: "null" });
  const { code, stdout, stderr } = await child.output();
  assert(code === 0, `${words.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Prints what a script found; for the script. */
export function report(found: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(found)));
}
