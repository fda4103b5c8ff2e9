/**
 * Two sessions with atomic uploads that want one name, and a third one that sweeps all the time.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { SftpClient } from "../../lib/client/client.ts";
import { SftpStatusError } from "../../lib/client/errors.ts";
import { withTempDir } from "../support/files.ts";
import { startServer } from "../support/server.ts";
import { sftpwrap } from "../support/wire_session.ts";
import { atomicJail, JAILS } from "./jails.ts";
import { namesIn } from "./support.ts";

const WORDS = 20_000;
const PIECE_BYTES = 32 * 1024;

/** How often the second session, by its number, has won. */
export interface Wins {
  readonly replaced: number;
  readonly exclusive: number;
}

/**
 * Lets two sessions upload under one name again and again.
 *
 * @throws {AssertionError} If the name has half a file or a mixture, the winner of a name that must
 *     be new is not the one that was told so, or a sweep has taken a living draft.
 */
export async function raceFor(rounds: number): Promise<Wins> {
  const wins = { replaced: 0, exclusive: 0 };
  await withTempDir(async (directory) => {
    const [program = "", ...args] = sftpwrap(["jail", "--atomic-uploads", directory]);
    await using one = await startServer(program, args);
    await using two = await startServer(program, args);
    const sweeper = atomicJail(JAILS[0]!, directory);
    for (let round = 0; round < rounds; round++) {
      let isOver = false;
      const sweeping = (async () => {
        while (!isOver) {
          const names = await namesIn(sweeper);
          assert(names.every((name) => !name.startsWith(".")), names.join());
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
      })();
      const numbers = [2 * round + 1, 2 * round + 2];
      const clients = [one.client, two.client];
      const name = `new ${round}`;
      const told = await Promise.all(clients.map(async (client, index) => {
        await upload(client, "replaced", numbers[index]!, false);
        return await upload(client, name, numbers[index]!, true);
      }));
      isOver = true;
      await sweeping;
      if (await versionOf(`${directory}/replaced`, numbers) === 1) wins.replaced++;
      const winner = await versionOf(`${directory}/${name}`, numbers);
      assertEquals(told, [winner === 0, winner === 1], `round ${round}`);
      if (winner === 1) wins.exclusive++;
      await Deno.remove(`${directory}/${name}`);
    }
    await sweeper.close();
    await Promise.all([one.stop(), two.stop()]);
    assertEquals(await Array.fromAsync(Deno.readDir(directory), ({ name }) => name), ["replaced"]);
  });
  return wins;
}

/** Whether the server says that it is done. */
async function upload(
  client: SftpClient,
  name: string,
  number: number,
  exclusive: boolean,
): Promise<boolean> {
  const bytes = new Uint8Array(new Uint32Array(WORDS).fill(number).buffer);
  const mode = exclusive ? { exclusive } : { truncate: true };
  try {
    const file = await client.open(`/${name}`, { write: true, create: true, ...mode });
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await file.write(bytes.subarray(at, at + PIECE_BYTES), at);
    }
    await file.close();
    return true;
  } catch (error) {
    if (exclusive && error instanceof SftpStatusError) return false;
    throw error;
  }
}

/** Which of two versions a file is, whole. */
async function versionOf(path: string, numbers: readonly number[]): Promise<number> {
  const { buffer, length } = await Deno.readFile(path);
  const words = new Uint32Array(buffer);
  assertEquals(length, WORDS * 4);
  assert(words.every((word) => word === words[0]), "a mixture");
  const index = numbers.indexOf(words[0]!);
  assert(index >= 0, `version ${words[0]} of ${numbers}`);
  return index;
}
