/** `--log-hash` with the clients that people use, and with each storage. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { SftpClient } from "../../lib/client/client.ts";
import { makeFile, noise, sha256, sha256Of } from "../support/files.ts";
import { gridFsWords } from "../support/gridfs.ts";
import { jailLine, withJail } from "../support/jail.ts";
import { needsMongo, withMongo } from "../support/mongodb.ts";
import { needs } from "../support/programs.ts";
import { runOk } from "../support/run.ts";
import { startServer } from "../support/server.ts";
import { ask, Flag } from "../support/raw.ts";
import { withSshd } from "../support/sshd.ts";
import { ChildServer, sftpwrap } from "../support/wire_session.ts";
import { proxyWords, withFarSide } from "./proxied.ts";
import { rclone } from "./rclone.ts";
import { sftpOk } from "./sftp.ts";

const MiB = 1024 * 1024;

/** What a log of JSON lines says of each file that was closed after it was written. */
function uploadsIn(log: string): string[] {
  return log.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event, written }) => event === "close" && Number(written) > 0)
    .map(({ path, size, sha256, unhashed }) => `${path} ${size} ${sha256 ?? unhashed}`);
}

Deno.test({
  name: "each upload of OpenSSH's clients and of rclone has its digest in the log",
  ...needs("sshd", "ssh-keygen", "sftp", "scp", "rclone"),
  fn: () =>
    withJail(async (places) => {
      const file = `${places.base}/log`;
      const options = ["-l", file, "--log-format=json", "--log-hash=sha256"];
      const command = jailLine(places.jail, { options });
      await withSshd({ command }, async (sshd) => {
        const sftpArgs = ["-F", sshd.sshConfig, sshd.alias];
        const served = { ...places, sshd, sftpArgs };
        const { local, jail } = places;
        const small = await makeFile(`${local}/small`, 1000, 1);
        const large = await makeFile(`${local}/large`, 20 * MiB + 17, 2);
        const longer = await makeFile(`${jail}/longer`, 30 * MiB, 3);
        await sftpOk(served, ["put large put.bin", "put small"]);
        const scp = (name: string) =>
          runOk("scp", ["-F", sshd.sshConfig, "-s", "large", `${sshd.alias}:/${name}`], {
            cwd: local,
          });
        await scp("new");
        await scp("longer");
        assert(longer !== large);
        assertEquals(await sha256(`${jail}/longer`), large);
        await rclone(served, ["copyto", "--sftp-disable-hashcheck", "large", ":sftp:rclone.bin"]);
        // What is there already has not come through this session.
        await Deno.writeFile(`${jail}/rest`, (await Deno.readFile(`${local}/small`)).slice(0, 10));
        await sftpOk(served, ["reput small rest"]);
        const size = 20 * MiB + 17;
        assertEquals(uploadsIn(await Deno.readTextFile(file)), [
          `/put.bin ${size} ${large}`,
          `/small 1000 ${small}`,
          `/new ${size} ${large}`,
          `/longer ${size} ${large}`,
          `/rclone.bin ${size} ${large}`,
          "/rest 1000 appended to",
        ]);
      });
    }),
});

/** Uploads by a server that logs to standard error, and expects the digest there. */
async function uploadBy(
  [program = "", ...args]: readonly string[],
  upload: (client: SftpClient, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  const bytes = noise(3 * MiB + 1);
  const server = await startServer(program, args);
  await upload(server.client, bytes);
  const { stderr } = await server.stop();
  assertEquals(uploadsIn(stderr), [`/up ${bytes.length} ${await sha256Of(bytes)}`], stderr);
}

const JSON_LOG = ["--log-to-stderr", "--log-format=json", "--log-hash=sha256"];

Deno.test({
  name: "an upload through each transport of the proxy has its digest in the log",
  ...needs("sshd", "ssh", "ssh-keygen"),
  fn: () =>
    withFarSide(async ({ far, jail }) => {
      for (const openssh of [false, true]) {
        await uploadBy(proxyWords(far, { openssh, options: JSON_LOG }), async (client, bytes) => {
          await client.writeFile("/up", bytes);
        });
        assertEquals((await Deno.stat(`${jail}/up`)).size, 3 * MiB + 1);
      }
    }),
});

Deno.test({
  name: "an upload into GridFS has its digest in the log",
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await uploadBy(gridFsWords(mongo, { options: JSON_LOG }), async (client, bytes) => {
        await client.writeFile("/up", bytes);
      });
    }),
});

Deno.test("in text, the digest is at the end of the line of the close", async () => {
  await withJail(async ({ jail }) => {
    const words = sftpwrap(["jail", "-e", "--log-hash=md5", "--log-user=ann", jail]);
    const server = new ChildServer(words);
    await server.greet();
    const flags = Flag.WRITE | Flag.CREAT;
    const done = await server.handle(ask.open("/done", flags | Flag.TRUNC));
    await server.ask(ask.write(done, 0, "hello"));
    await server.ask(ask.close(done));
    const holes = await server.handle(ask.open("/holes", flags));
    await server.ask(ask.write(holes, 5, "hello"));
    await server.ask(ask.close(holes));
    await server.ask(ask.close(await server.handle(ask.open("/done", Flag.READ))));
    const left = await server.handle(ask.open("/left", flags | Flag.TRUNC));
    await server.ask(ask.write(left, 0, "hello"));
    const { stderr } = await server.end();
    for (
      const line of [
        'close "/done" bytes read 0 written 5 size 5 md5 5d41402abc4b2a76b9719d911017c592\n',
        'close "/holes" bytes read 0 written 5 size 10 not hashed: ' +
        "not written in order from its beginning\n",
        'close "/done" bytes read 0 written 0\n',
        'forced close "/left" bytes read 0 written 5\n',
      ]
    ) {
      assertStringIncludes(stderr, `sftpwrap(ann)[${server.pid}]: ${line}`);
    }
    assertMatch(stderr, /: serving jail "\/.*"\n/);
  });
});
