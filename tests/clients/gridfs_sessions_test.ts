import { assert, assertEquals } from "@std/assert";
import type { SftpClient } from "../../lib/client/client.ts";
import { SftpStatusError } from "../../lib/client/errors.ts";
import { StatusCode } from "../../lib/wire/constants.ts";
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

/** The status that a request ended with. */
async function statusOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return StatusCode.OK;
  } catch (error) {
    assert(error instanceof SftpStatusError, String(error));
    return error.code;
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
  name: "of four sessions that make, move or remove one name, one succeeds, and the others fail",
  ...needsMongo(),
  fn: () =>
    withMongo((mongo) =>
      withSessions(mongo, async (clients) => {
        const race = async (
          title: string,
          work: (client: SftpClient, index: number) => Promise<unknown>,
          loses: number = StatusCode.FAILURE,
        ) => {
          const codes = await Promise.all(
            clients.map((client, index) => statusOf(work(client, index))),
          );
          assertEquals(codes.sort(), [StatusCode.OK, loses, loses, loses], title);
        };
        const { NO_SUCH_FILE } = StatusCode;
        for (let round = 0; round < 5; round++) {
          await race("mkdir", (client) => client.mkdir("/dir"));
          await race("rmdir", (client) => client.rmdir("/dir"), NO_SUCH_FILE);
          await race("symlink", (client, index) => client.symlink(`${index}`, "/link"));
          await race("remove of a link", (client) => client.remove("/link"), NO_SUCH_FILE);
          const exclusive = { exclusive: true };
          const bytes = noise(1000);
          await race("open with EXCL", (client) => client.writeFile("/file", bytes, exclusive));
          await race("rename", (client, index) =>
            client.rename("/file", `/to${index}`), NO_SUCH_FILE);
          const [moved = ""] = await names(clients[0]!, "/");
          await Promise.all(clients.map((client, index) =>
            client.mkdir(`/dir${index}`)
          ));
          await race("rename of directories to one name", (client, index) =>
            client.rename(`/dir${index}`, "/dir"));
          await race("rename of one directory", (client, index) =>
            client.rename("/dir", `/dir${index + 4}`), NO_SUCH_FILE);
          await race("remove", (client) =>
            client.remove(`/${moved}`), NO_SUCH_FILE);
          for (const name of await names(clients[0]!, "/")) {
            await clients[0]!.rmdir(`/${name}`);
          }
          assertEquals(await names(clients[0]!, "/"), []);
        }
      })
    ),
});
