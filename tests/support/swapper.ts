/**
 * Swaps two names for one another, as fast as it can, until its input ends:
 *
 *     swapper.ts ONE OTHER
 *
 * Then it prints how often it swapped them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { openLibc } from "../../lib/linux/libc.ts";
import { AT_FDCWD, Rename } from "../../lib/linux/linux.ts";

/** Swaps between two checks whether to end. */
const BATCH = 1000;

/** A process that swaps two names. */
export interface Swapper {
  /** Stops it, with the names as they were, and returns how often it swapped them. */
  stop(): Promise<number>;
}

/** Starts swapping two paths of the host. */
export function startSwapper(one: string, other: string): Swapper {
  const script = fileURLToPath(import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", "-A", script, one, other],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  async function end(): Promise<number> {
    await child.stdin.close();
    const { success, stdout } = await child.output();
    if (!success) throw new Error("The swapper failed");
    return Number(new TextDecoder().decode(stdout));
  }
  let ended: Promise<number> | undefined;
  return { stop: () => ended ??= end() };
}

async function main([one = "", other = ""]: readonly string[]): Promise<void> {
  const libc = openLibc();
  const [from, to] = [one, other].map((path) => new TextEncoder().encode(path + "\0"));
  let ended = false;
  const end = Deno.stdin.read(new Uint8Array(1)).then(() => ended = true);
  let swaps = 0;
  while (!ended || swaps % 2 !== 0) {
    const batch = ended ? 1 : BATCH;
    for (let index = 0; index < batch; index++) {
      const result = libc.renameat2(AT_FDCWD, from!, AT_FDCWD, to!, Rename.EXCHANGE);
      if (result !== 0) throw new Error(`Cannot swap: error ${-result}`);
    }
    swaps += batch;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await end;
  Deno.stdout.writeSync(new TextEncoder().encode(String(swaps)));
}

if (import.meta.main) await main(Deno.args);
