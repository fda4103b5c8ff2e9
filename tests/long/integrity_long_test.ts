/**
 * Fifty files are copied to the server and back at once, again and again, by clients that have many
 * requests under way, and every copy is compared byte for byte; in turns the same with OpenSSH's
 * server, which tells a fault of the client or of the machine from one of ours.
 *
 *     deno task test:long tests/long/integrity_long_test.ts
 *     SFTPWRAP_ROUNDS=500 deno task test:long tests/long/integrity_long_test.ts --filter asyncssh
 *
 * `SFTPWRAP_ROUNDS` is how many sessions each client has with each server in each place. Where a
 * copy differs, all three stay where the failure says.
 */

import { assertEquals } from "@std/assert";
import { binary, needsCompile } from "../support/binaries.ts";
import { programPath } from "../support/programs.ts";
import { differences, recordsOf } from "../support/records.ts";
import { commandLine } from "../support/run.ts";
import { type Sshd, withSshd } from "../support/sshd.ts";
import { type Copies, type CopyClient, copyClients } from "./integrity_clients.ts";

const ROUNDS = Number(Deno.env.get("SFTPWRAP_ROUNDS") ?? 6);

/** Sessions that one server has before it is the other one's turn. */
const BATCH = 3;

const FILES = 50;

/** What a client asks for in one go, and less, and a little more. */
const OTHER_LENGTHS = [0, 1, 16_384, 33_000, 3 * 16_384 + 1, 70_000, 150_000, 255 * 1024, 600_000];

/** Where the copies are: on a disk, and in memory. */
const PLACES = { "on a disk": "/var/tmp", "in memory": "/dev/shm" };

/** A server and the directory that it serves. */
interface Server {
  readonly name: string;
  readonly sshd: Sshd;
  readonly jail: string;
}

/** A session, and how long its files are. */
interface Round extends Copies {
  readonly round: number;
  readonly jail: string;
}

function lengthOf(file: number, round: number): number {
  return round % 3 === 2 ? OTHER_LENGTHS[(file + round) % OTHER_LENGTHS.length]! : 200_000 + file;
}

for (const client of copyClients) {
  for (const [place, folder] of Object.entries(PLACES)) {
    const need = needsCompile("sshd", "ssh-keygen", "sftp-server");
    Deno.test({
      name:
        `${client.name}: ${ROUNDS} sessions of ${FILES} files at once give what was put, ${place}`,
      ignore: client.need.ignore || need.ignore,
      fn: () => copiesAreTheSame(client, folder),
    });
  }
}

async function copiesAreTheSame(client: CopyClient, folder: string): Promise<void> {
  await withServers(folder, async (servers, directory) => {
    const wrong: string[] = [];
    for (let first = 0; first < ROUNDS; first += BATCH) {
      for (const server of servers) {
        const rounds: Round[] = [];
        for (let round = first; round < Math.min(first + BATCH, ROUNDS); round++) {
          rounds.push(await prepared(round, server.jail, directory));
        }
        await client.copy(server.sshd, rounds);
        for (const round of rounds) {
          const lines = await differencesOf(round);
          wrong.push(...lines.map((line) => `${server.name}, session ${round.round}: ${line}`));
          for (const made of [round.local, round.downloaded, `${round.jail}/${round.remote}`]) {
            await Deno.remove(made, { recursive: true });
          }
        }
      }
    }
    assertEquals(wrong, []);
  });
}

/** Both servers, each behind a sshd of its own with a forced command. */
async function withServers(
  folder: string,
  use: (servers: readonly Server[], directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ dir: folder, prefix: "sftpwrap_test_" });
  try {
    const [jail, other] = [`${directory}/jail`, `${directory}/other`];
    for (const made of [jail, other]) await Deno.mkdir(made);
    const { path } = await binary("sftpwrap");
    const ours = commandLine([path, "jail", "--confine=kernel", jail]);
    const theirs = commandLine([programPath("sftp-server"), "-d", other]);
    await withSshd({ command: ours }, (sshd) =>
      withSshd({ command: theirs }, (otherSshd) =>
        use([
          { name: "sftpwrap", sshd, jail },
          { name: "OpenSSH", sshd: otherSshd, jail: other },
        ], directory)));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function prepared(round: number, jail: string, directory: string): Promise<Round> {
  const local = await Deno.makeTempDir({ dir: directory, prefix: "local_" });
  const downloaded = await Deno.makeTempDir({ dir: directory, prefix: "downloaded_" });
  for (let file = 0; file < FILES; file++) {
    const bytes = recordsOf({ file, round }, lengthOf(file, round));
    await Deno.writeFile(`${local}/${file}`, bytes);
  }
  return { round, jail, local, remote: `round${round}`, downloaded };
}

/** What differs in the copies of a round; the files of which something does are kept. */
async function differencesOf({ round, jail, local, remote, downloaded }: Round): Promise<string[]> {
  const lines: string[] = [];
  const copies = { local, remote: `${jail}/${remote}`, downloaded };
  let kept: string | undefined;
  for (let file = 0; file < FILES; file++) {
    for (const [name, copy] of Object.entries(copies)) {
      const bytes = await Deno.readFile(`${copy}/${file}`);
      const found = differences(bytes, { file, round }, lengthOf(file, round));
      if (found.length === 0) continue;
      kept ??= await Deno.makeTempDir({ dir: "/var/tmp", prefix: "sftpwrap_differs_" });
      for (const [name, copy] of Object.entries(copies)) {
        await Deno.copyFile(`${copy}/${file}`, `${kept}/${file}_${name}`);
      }
      lines.push(...found.map((line) => `the ${name} copy of file ${file}: ${line} (see ${kept})`));
    }
  }
  return lines;
}
