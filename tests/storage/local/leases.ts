/**
 * Files that another process has a lease on.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { childWords } from "./child.ts";

/** How long a lease is kept after it is asked for: longer than any number of tries without a pause. */
const KEPT_MS = 300;

/** Runs `use` while another process has a lease on `path`, which it gives back when it is asked. */
export async function withLease(
  path: string,
  use: () => Promise<void>,
  keptMs = KEPT_MS,
): Promise<void> {
  const flags = ["-A"];
  const [program = "", ...args] = childWords("lease_child.ts", {
    flags,
    args: [path, String(keptMs)],
  });
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped" }).spawn();
  try {
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assertEquals(new TextDecoder().decode(value), "taken");
    await reader.cancel();
    await use();
  } finally {
    stop(child);
    await child.status;
  }
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // What Deno says of a process that has ended.
    if (!(error instanceof TypeError)) throw error;
  }
}
