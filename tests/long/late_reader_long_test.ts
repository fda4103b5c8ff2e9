/**
 * A client that asks in bursts and reads late, as one does that copies many files at once over a
 * slow line: what waits in the server is then sent in parts, between which further requests come.
 * Each session fills the pipe at another place.
 */

import { assertEquals } from "@std/assert";
import { binary, needsCompile } from "../support/binaries.ts";
import { withTempDir } from "../support/files.ts";
import { randomNumbers } from "../support/random.ts";
import { ask, joined, request } from "../support/raw.ts";
import { differences, recordsOf } from "../support/records.ts";
import { ChildServer } from "../support/wire_session.ts";

const SESSIONS = Number(Deno.env.get("SFTPWRAP_ROUNDS") ?? 100);
const FILES = 20;
const FILE_LENGTH = 200_000;

/** What most clients ask for at once at least, and what is not copied at least. */
const BLOCK = 16_384;

/** Milliseconds in which the server has usually done a burst. */
const BETWEEN_BURSTS = 4;

Deno.test({
  name: `a client that reads late gets what it asked for, in ${SESSIONS} sessions`,
  ...needsCompile(),
  fn: () =>
    withTempDir(async (directory) => {
      for (let file = 0; file < FILES; file++) {
        await Deno.writeFile(`${directory}/${file}`, recordsOf({ file, round: 0 }, FILE_LENGTH));
      }
      const { path } = await binary("sftpwrap");
      const wrong: string[] = [];
      for (let seed = 1; seed <= SESSIONS; seed++) {
        const server = new ChildServer([path, "jail", "--confine=kernel", directory]);
        const lines = await differencesIn(server, randomNumbers(seed));
        wrong.push(...lines.map((line) => `session ${seed}: ${line}`));
        assertEquals((await server.end()).code, 0);
      }
      assertEquals(wrong, []);
    }),
});

async function differencesIn(
  server: ChildServer,
  random: (limit: number) => number,
): Promise<string[]> {
  await server.greet();
  const handles: Uint8Array[] = [];
  for (let file = 0; file < FILES; file++) {
    handles.push(await server.handle(ask.open(`/${file}`, 1)));
  }
  const asked: { readonly file: number; readonly offset: number }[] = [];
  const sendings: Promise<void>[] = [];
  for (let bursts = 6 + random(7); bursts > 0; bursts--) {
    const burst: Uint8Array[] = [];
    for (let reads = 6 + random(10); reads > 0; reads--) {
      const read = { file: random(FILES), offset: random((FILE_LENGTH - BLOCK) / 16) * 16 };
      burst.push(request(ask.read(handles[read.file]!, read.offset, BLOCK), asked.length));
      asked.push(read);
    }
    sendings.push(server.send(joined(burst)));
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_BURSTS));
  }
  const lines: string[] = [];
  for (const [id, { file, offset }] of asked.entries()) {
    const reply = await server.receive();
    if (reply?.kind !== "data" || reply.id !== id || reply.data.length !== BLOCK) {
      return [...lines, `READ ${id} is answered by ${Deno.inspect(reply)}`];
    }
    const whole = recordsOf({ file, round: 0 }, FILE_LENGTH);
    whole.set(reply.data, offset);
    const found = differences(whole, { file, round: 0 }, FILE_LENGTH);
    lines.push(...found.map((line) => `READ ${id} of file ${file} at ${offset}: ${line}`));
  }
  await Promise.all(sendings);
  return lines;
}
