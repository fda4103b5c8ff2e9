import { assert, assertEquals } from "@std/assert";
import type { SftpClient } from "../../lib/client/client.ts";
import { SftpStatusError } from "../../lib/client/errors.ts";
import { noise } from "../support/files.ts";
import { gridFsWords } from "../support/gridfs.ts";
import { type Mongo, needsMongo, withMongo } from "../support/mongodb.ts";
import { startServer } from "../support/server.ts";

const SESSIONS = [0, 1, 2, 3] as const;
const LENGTH = 300_000;

/** Runs `use` with four sessions on one bucket. */
async function withSessions(
  mongo: Mongo,
  use: (clients: readonly SftpClient[]) => Promise<void>,
): Promise<void> {
  const [program = "", ...args] = gridFsWords(mongo);
  const servers = await Promise.all(SESSIONS.map(() => startServer(program, args)));
  try {
    await use(servers.map(({ client }) => client));
  } finally {
    for (const { status, stderr } of await Promise.all(servers.map((server) => server.stop()))) {
      assertEquals([status.code, stderr], [0, ""]);
    }
  }
}

/** One of several that race may lose; anything but a plain failure is a fault. */
async function racing(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    assert(error instanceof SftpStatusError, String(error));
    return false;
  }
}

async function names(client: SftpClient, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of client.readDir(path)) found.push(name);
  return found.filter((name) => name !== "." && name !== "..").sort();
}

Deno.test({
  name: "four sessions of sftpwrap gridfs work in one tree at once",
  ...needsMongo(),
  fn: () =>
    withMongo((mongo) =>
      withSessions(mongo, async (clients) => {
        const [first] = clients;
        await first!.mkdir("/shared");
        await Promise.all(clients.map(async (client, index) => {
          const own = `/shared/${index}`;
          await client.mkdir(own);
          for (let file = 0; file < 5; file++) {
            await client.writeFile(`${own}/${file}`, noise(LENGTH, index * 10 + file + 1));
          }
          await client.rename(`${own}/4`, `${own}/moved`);
          await client.remove(`${own}/3`);
        }));
        for (const client of clients) {
          assertEquals(await names(client, "/shared"), ["0", "1", "2", "3"]);
          for (const index of SESSIONS) {
            assertEquals(await names(client, `/shared/${index}`), ["0", "1", "2", "moved"]);
          }
        }
        for (const index of SESSIONS) {
          const other = clients[(index + 1) % 4]!;
          assertEquals(
            await other.readFile(`/shared/${index}/moved`),
            noise(LENGTH, index * 10 + 5),
          );
        }
      })
    ),
});

Deno.test({
  name: "of four sessions that write one file, one wins whole",
  ...needsMongo(),
  fn: () =>
    withMongo((mongo) =>
      withSessions(mongo, async (clients) => {
        const versions = SESSIONS.map((index) => noise(LENGTH + index, index + 1));
        for (let round = 0; round < 3; round++) {
          await Promise.all(
            clients.map((client, index) => client.writeFile("/file", versions[index]!)),
          );
          for (const client of clients) {
            const bytes = await client.readFile("/file");
            assertEquals(bytes, versions[bytes.length - LENGTH]);
          }
          assertEquals(await names(clients[0]!, "/"), ["file"]);
        }
      })
    ),
});

Deno.test({
  name: "of four sessions that make, move or remove one name, one does",
  ...needsMongo(),
  fn: () =>
    withMongo((mongo) =>
      withSessions(mongo, async (clients) => {
        const winners = async (work: (client: SftpClient, index: number) => Promise<unknown>) => {
          const won = await Promise.all(
            clients.map((client, index) => racing(work(client, index))),
          );
          return won.filter((hasWon) => hasWon).length;
        };
        for (let round = 0; round < 3; round++) {
          assertEquals(await winners((client) => client.mkdir("/dir")), 1, "mkdir");
          await clients[0]!.rmdir("/dir");
          const exclusive = { exclusive: true };
          const made = await winners((client) => client.writeFile("/file", noise(1000), exclusive));
          assertEquals(made, 1, "open with EXCL");
          const moved = await winners((client, index) => client.rename("/file", `/to${index}`));
          assertEquals(moved, 1, "rename");
          const [target = ""] = await names(clients[0]!, "/");
          assertEquals(await winners((client) => client.remove(`/${target}`)), 1, "remove");
          assertEquals(await names(clients[0]!, "/"), []);
        }
      })
    ),
});
