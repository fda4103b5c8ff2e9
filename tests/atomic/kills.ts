/**
 * Sessions with atomic uploads that are killed at random moments, and what is there after that.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { SftpClient } from "../../lib/client/client.ts";
import { withTempDir } from "../support/files.ts";
import { randomNumbers } from "../support/random.ts";
import { startServer } from "../support/server.ts";
import { sftpwrap } from "../support/wire_session.ts";
import { atomicJail, JAILS } from "./jails.ts";
import { namesIn } from "./support.ts";

const WORDS = 40_000;
const PIECE_BYTES = 32 * 1024;
/** Milliseconds after the first upload in which a session is killed. */
const LIFE_MS = 150;

/** What was seen. */
export interface Seen {
  /** Uploads that were reported as done. */
  done: number;
  /** Sessions that died with a draft. */
  halves: number;
}

/** A version is whole if all of its words are its number. */
function version(number: number): Uint8Array {
  return new Uint8Array(new Uint32Array(WORDS).fill(number).buffer);
}

/**
 * Kills this many sessions, which upload new files, replace one by truncating it, and write another
 * one in place.
 *
 * @throws {AssertionError} If a name has half a file, an upload that was reported as done is lost,
 *     or the next session leaves anything that the dead one left.
 */
export async function killSessions(kills: number, seed: number): Promise<Seen> {
  const random = randomNumbers(seed);
  const seen: Seen = { done: 0, halves: 0 };
  await withTempDir(async (directory) => {
    await Deno.mkdir(`${directory}/in`);
    const done = new Map<string, number>();
    let number = 1;
    for (let kill = 0; kill < kills; kill++) {
      const [program = "", ...args] = sftpwrap(["jail", "--atomic-uploads", directory]);
      await using server = await startServer(program, args);
      const { client } = server;
      await client.stat("/");
      const working = work(client, done, () => number++);
      await new Promise((resolve) => setTimeout(resolve, random(LIFE_MS)));
      server.process.kill("SIGKILL");
      await server.process.status;
      await working;
      if ((await drafts(directory)).length > 0) seen.halves++;
      await assertWhole(directory, done, number);
      await sweep(directory);
      assertEquals(await drafts(directory), []);
      await assertWhole(directory, done, number);
      // What is new has been seen; the names that are replaced go on.
      for await (const { name } of Deno.readDir(`${directory}/in`)) {
        if (!name.startsWith("new")) continue;
        await Deno.remove(`${directory}/in/${name}`);
        if (done.delete(`in/${name}`)) seen.done++;
      }
    }
  });
  return seen;
}

/** Uploads until the session dies, and notes what is reported as done. */
async function work(
  client: SftpClient,
  done: Map<string, number>,
  next: () => number,
): Promise<void> {
  try {
    for (;;) {
      for (const name of ["in/replaced", "in place", `in/new ${next()}`]) {
        const number = next();
        const truncate = name !== "in place";
        const file = await client.open(`/${name}`, { write: true, create: true, truncate });
        const bytes = version(number);
        for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
          await file.write(bytes.subarray(at, at + PIECE_BYTES), at);
        }
        await file.close();
        done.set(name, number);
      }
    }
  } catch (error) {
    // It has died.
    if (!(error instanceof Error)) throw error;
  }
}

async function assertWhole(
  directory: string,
  done: ReadonlyMap<string, number>,
  next: number,
): Promise<void> {
  for (const [name, least] of done) {
    const { buffer, length } = await Deno.readFile(`${directory}/${name}`);
    const words = new Uint32Array(buffer);
    const [number = 0] = words;
    assertEquals(length, WORDS * 4, name);
    assert(words.every((word) => word === number), `${name} is half a file`);
    assert(number >= least && number < next, `${name} is ${number} after ${least} was done`);
  }
  for await (const { name } of Deno.readDir(`${directory}/in`)) {
    if (name.startsWith(".") || done.has(`in/${name}`)) continue;
    // The answer was lost with the session.
    assertEquals((await Deno.stat(`${directory}/in/${name}`)).size, WORDS * 4, name);
  }
}

/** The next session, which looks at the top alone. */
async function sweep(directory: string): Promise<void> {
  const storage = atomicJail(JAILS[0]!, directory);
  const names = await namesIn(storage);
  assert(names.every((name) => !name.startsWith(".")), names.join());
  await storage.close();
}

async function drafts(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of [directory, `${directory}/in`]) {
    for await (const { name } of Deno.readDir(folder)) if (name.startsWith(".")) found.push(name);
  }
  return found;
}
