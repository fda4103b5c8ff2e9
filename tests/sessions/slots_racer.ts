/**
 * Takes the only place in each of many state folders, at moments at which others do the same:
 *
 *     slots_racer.ts START FOLDER FOLDER...
 *
 * START is a time of the clock that all processes share. Prints a line with a 1 for each folder in
 * which it got the place, and else a 0; keeps its places until its input ends.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { openLibc } from "../../lib/linux/libc.ts";
import { Open } from "../../lib/linux/linux.ts";
import { Slots } from "../../lib/sessions/slots.ts";

/** Milliseconds between two folders. */
const STEP_MS = 4;

class Taken extends Error {}

/** Has some processes race, and returns how many got the place in each folder. */
export async function racedFor(folders: readonly string[], racers: number): Promise<number[]> {
  const start = String(openLibc().monotonicTime() + 1500);
  const script = fileURLToPath(import.meta.url);
  const children = Array.from({ length: racers }, () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--quiet", "-A", script, start, ...folders],
      stdin: "piped",
      stdout: "piped",
    }).spawn());
  const lines = await Promise.all(children.map(async ({ stdout }) => {
    const reader = stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    while (!line.endsWith("\n")) {
      const { value } = await reader.read();
      if (value === undefined) throw new Error("A racer failed");
      line += value;
    }
    await reader.cancel();
    return line;
  }));
  for (const { stdin, status } of children) {
    await stdin.close();
    await status;
  }
  return folders.map((_, index) => lines.filter((line) => line[index] === "1").length);
}

function admitted(folder: string, at: number): boolean {
  const libc = openLibc();
  const name = new TextEncoder().encode(`${folder}\0`);
  const slots = Slots.make(libc, libc.openat(-100, name, Open.RDONLY | Open.CLOEXEC));
  const facts = { version: 1, pid: Deno.pid, user: undefined, logUser: undefined } as const;
  const rest = { id: crypto.randomUUID(), address: undefined, since: "", serves: {} };
  while (libc.monotonicTime() < at);
  try {
    slots.take({ ...facts, ...rest }, (others) => {
      if (others.length > 0) throw new Taken();
    });
    return true;
  } catch (error) {
    if (error instanceof Taken) return false;
    throw error;
  }
}

async function main([start = "", ...folders]: readonly string[]): Promise<void> {
  const got = folders.map((folder, index) => admitted(folder, Number(start) + index * STEP_MS));
  await Deno.stdout.write(
    new TextEncoder().encode(`${got.map((isMine) => isMine ? "1" : "0").join("")}\n`),
  );
  await Deno.stdin.read(new Uint8Array(1));
}

if (import.meta.main) await main(Deno.args);
