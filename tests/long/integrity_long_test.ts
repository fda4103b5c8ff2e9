/**
 * Fifty files are copied to the server and back at once, again and again, by clients that have many
 * requests under way, and every copy is compared byte for byte; for a jail in turns with OpenSSH's
 * server, which tells a fault of the client or of the machine from one of ours.
 *
 *     deno task test:long tests/long/integrity_long_test.ts
 *     SFTPWRAP_ROUNDS=500 deno task test:long tests/long/integrity_long_test.ts --filter asyncssh
 *
 * `SFTPWRAP_ROUNDS` is how many sessions each client has with each server. Where a copy differs, all
 * copies of that file stay where the failure says.
 */

import { assertEquals } from "@std/assert";
import { binary, needsCompile } from "../support/binaries.ts";
import { needsMongo } from "../support/mongodb.ts";
import { type Need, needs, programPath } from "../support/programs.ts";
import { differences, recordsOf } from "../support/records.ts";
import { commandLine } from "../support/run.ts";
import { type Sshd, withSshd } from "../support/sshd.ts";
import { withBucketBehindSshd } from "../clients/gridfs.ts";
import { proxyLine } from "../clients/proxied.ts";
import { type Copies, type CopyClient, copyClients } from "./integrity_clients.ts";

const ROUNDS = Number(Deno.env.get("SFTPWRAP_ROUNDS") ?? 6);

/** Sessions that one server has before it is the other one's turn. */
const BATCH = 3;

const FILES = 50;

/** FerretDB on a busy machine does not answer in time where there are as many. */
const FILES_IN_GRIDFS = 8;

/** What a client asks for in one go, and less, and a little more. */
const OTHER_LENGTHS = [0, 1, 16_384, 33_000, 3 * 16_384 + 1, 70_000, 150_000, 255 * 1024, 600_000];

/** A server, and the directory that it serves, where that is one of this machine. */
interface Server {
  readonly name: string;
  readonly sshd: Sshd;
  readonly directory?: string;
}

/** Runs `use` with servers that have their turns one after the other, and room for all copies. */
type WithServers = (
  use: (servers: readonly Server[], room: string) => Promise<void>,
) => Promise<void>;

const DISK = "/var/tmp";
const MEMORY = "/dev/shm";

/** What is to give back what was put. */
interface Subject {
  readonly need: Need;
  readonly with: WithServers;
  /** How many files there are at once; {@linkcode FILES} where absent. */
  readonly files?: number;
}

/** Each by the name of its test. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  "on a disk": { need: needsCompile("sshd", "ssh-keygen", "sftp-server"), with: jailOn(DISK) },
  "in memory": { need: needsCompile("sshd", "ssh-keygen", "sftp-server"), with: jailOn(MEMORY) },
  "through the proxy": { need: needs("sshd", "ssh-keygen", "sftp-server"), with: withProxies },
  "in GridFS": {
    need: needsMongo("sshd", "ssh-keygen"),
    with: withGridFs,
    files: FILES_IN_GRIDFS,
  },
};

/** A session, and how long its files are. */
interface Round extends Copies {
  readonly round: number;
  readonly files: number;
  readonly server: Server;
}

function lengthOf(file: number, round: number): number {
  return round % 3 === 2 ? OTHER_LENGTHS[(file + round) % OTHER_LENGTHS.length]! : 200_000 + file;
}

for (const client of copyClients) {
  for (const [where, subject] of Object.entries(SUBJECTS)) {
    const { files = FILES } = subject;
    Deno.test({
      name:
        `${client.name}: ${ROUNDS} sessions of ${files} files at once give what was put, ${where}`,
      ignore: client.need.ignore || subject.need.ignore,
      fn: () => subject.with((servers, room) => copiesAreTheSame(client, servers, { room, files })),
    });
  }
}

async function copiesAreTheSame(
  client: CopyClient,
  servers: readonly Server[],
  how: { readonly room: string; readonly files: number },
): Promise<void> {
  const wrong: string[] = [];
  for (let first = 0; first < ROUNDS; first += BATCH) {
    for (const server of servers) {
      const rounds: Round[] = [];
      for (let round = first; round < Math.min(first + BATCH, ROUNDS); round++) {
        rounds.push(await prepared(round, server, how));
      }
      await client.copy(server.sshd, rounds);
      for (const round of rounds) {
        const lines = await differencesOf(round);
        wrong.push(...lines.map((line) => `${server.name}, session ${round.round}: ${line}`));
        for (const made of Object.values(directoriesOf(round))) {
          await Deno.remove(made, { recursive: true });
        }
      }
    }
  }
  assertEquals(wrong, []);
}

/** The compiled program over a directory, in turns with OpenSSH's server, each a forced command. */
function jailOn(folder: string): WithServers {
  return (use) =>
    withRoom(folder, async (room) => {
      const [jail, other] = [`${room}/jail`, `${room}/other`];
      for (const made of [jail, other]) await Deno.mkdir(made);
      const { path } = await binary("sftpwrap");
      const ours = commandLine([path, "jail", "--confine=kernel", jail]);
      const theirs = commandLine([programPath("sftp-server"), "-d", other]);
      await withSshd({ command: ours }, (sshd) =>
        withSshd({ command: theirs }, (otherSshd) =>
          use([
            { name: "sftpwrap", sshd, directory: jail },
            { name: "OpenSSH", sshd: otherSshd, directory: other },
          ], room)));
    });
}

/** The proxy's two transports, in front of OpenSSH's server. */
function withProxies(...[use]: Parameters<WithServers>): Promise<void> {
  return withRoom(DISK, async (room) => {
    const directory = `${room}/far`;
    await Deno.mkdir(directory);
    await withSshd(
      { subsystem: `internal-sftp -d ${directory}` },
      (far) =>
        withSshd(
          { command: proxyLine(far) },
          (sshd) =>
            withSshd({ command: proxyLine(far, { openssh: true }) }, (other) =>
              use([
                { name: "embedded transport", sshd, directory },
                { name: "OpenSSH's transport", sshd: other, directory },
              ], room)),
        ),
    );
  });
}

function withGridFs(...[use]: Parameters<WithServers>): Promise<void> {
  return withBucketBehindSshd(({ sshd, base }) => use([{ name: "GridFS", sshd }], base));
}

/** Runs `use` with a new directory in `folder`, and removes it with all that is in it. */
async function withRoom(folder: string, use: (room: string) => Promise<void>): Promise<void> {
  const room = await Deno.makeTempDir({ dir: folder, prefix: "sftpwrap_test_" });
  try {
    await use(room);
  } finally {
    await Deno.remove(room, { recursive: true });
  }
}

async function prepared(
  round: number,
  server: Server,
  { room, files }: { readonly room: string; readonly files: number },
): Promise<Round> {
  const local = await Deno.makeTempDir({ dir: room, prefix: "local_" });
  const downloaded = await Deno.makeTempDir({ dir: room, prefix: "downloaded_" });
  for (let file = 0; file < files; file++) {
    const bytes = recordsOf({ file, round }, lengthOf(file, round));
    await Deno.writeFile(`${local}/${file}`, bytes);
  }
  return { round, files, server, local, remote: `${server.name.slice(0, 4)}${round}`, downloaded };
}

/** The directories of a round, as far as they are on this machine. */
function directoriesOf({ server, local, remote, downloaded }: Round): Record<string, string> {
  const { directory } = server;
  return {
    local,
    downloaded,
    ...directory === undefined ? {} : { remote: `${directory}/${remote}` },
  };
}

/** What differs in the copies of a round; the files of which something does are kept. */
async function differencesOf(round: Round): Promise<string[]> {
  const lines: string[] = [];
  const copies = Object.entries(directoriesOf(round));
  let kept: string | undefined;
  for (let file = 0; file < round.files; file++) {
    for (const [name, copy] of copies) {
      const bytes = await Deno.readFile(`${copy}/${file}`);
      const found = differences(bytes, { file, round: round.round }, lengthOf(file, round.round));
      if (found.length === 0) continue;
      kept ??= await Deno.makeTempDir({ dir: DISK, prefix: "sftpwrap_differs_" });
      for (const [name, copy] of copies) {
        await Deno.copyFile(`${copy}/${file}`, `${kept}/${file}_${name}`);
      }
      lines.push(...found.map((line) => `the ${name} copy of file ${file}: ${line} (see ${kept})`));
    }
  }
  return lines;
}
