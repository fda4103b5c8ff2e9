/** Limits of sessions behind a real sshd: refusals, `who`, `kick`, and each client with a rate. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeFile, sha256 } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { ask } from "../support/raw.ts";
import { run, runOk } from "../support/run.ts";
import { ChildServer, run as runWords, sftpwrap } from "../support/wire_session.ts";
import { lftpOk } from "./lftp.ts";
import { needsSshfs, withMount } from "./mount.ts";
import { PSFTP_PROGRAMS, psftpOk } from "./psftp.ts";
import { rclone } from "./rclone.ts";
import { sftp, sftpOk } from "./sftp.ts";
import { overSshd, type Served } from "./ways.ts";

const FILE_BYTES = 2 * 1024 * 1024 + 17;

/** Moves `file` to `up` and `up` to `back`. */
type Transfer = (served: Served) => Promise<unknown>;

const CLIENTS: Readonly<Record<string, readonly [programs: readonly string[], Transfer]>> = {
  sftp: [["sftp"], (served) => sftpOk(served, ["put file up", "get up back"])],
  scp: [["scp"], async ({ local, sshd }) => {
    const args = ["-s", "-F", sshd.sshConfig];
    await runOk("scp", [...args, "file", `${sshd.alias}:up`], { cwd: local });
    await runOk("scp", [...args, `${sshd.alias}:up`, "back"], { cwd: local });
  }],
  psftp: [PSFTP_PROGRAMS, (served) => psftpOk(served, ["put file up", "get up back"])],
  lftp: [["lftp"], (served) => lftpOk(served, ["put file -o up", "get up -o back"])],
  rclone: [["rclone"], async (served) => {
    await rclone(served, ["copyto", "--sftp-disable-hashcheck", "file", ":sftp:up"]);
    await rclone(served, ["copyto", "--sftp-disable-hashcheck", ":sftp:up", "back"]);
  }],
  curl: [["curl"], async ({ local, sshd }) => {
    const key = ["--key", sshd.clientKey, "--pubkey", `${sshd.clientKey}.pub`];
    const args = ["-sS", "-q", "--insecure", ...key, "-u", `${sshd.user}:`];
    const url = `sftp://${sshd.host}:${sshd.port}/up`;
    await runOk("curl", [...args, "-T", "file", url], { cwd: local });
    await runOk("curl", [...args, "-o", "back", url], { cwd: local });
  }],
  sshfs: [["sshfs"], (served) =>
    withMount(served, async (mounted) => {
      await runOk("cp", [`${served.local}/file`, `${mounted}/up`]);
      // What the mount has kept in memory is not asked for again.
      await runOk("cp", [`${served.jail}/up`, `${served.jail}/again`]);
      await runOk("cp", [`${mounted}/again`, `${served.local}/back`]);
    })],
};

for (const [name, [programs, transfer]] of Object.entries(CLIENTS)) {
  Deno.test({
    name: `${name} moves its files whole where the rate holds them up`,
    ...(name === "sshfs" ? needsSshfs() : needs("sshd", "ssh-keygen", ...programs)),
    fn: () =>
      overSshd({ jailOptions: ["--rate=3M"] }, async (served) => {
        const { jail, local } = served;
        const digest = await makeFile(`${local}/file`, FILE_BYTES);
        await transfer(served);
        assertEquals(await sha256(`${jail}/up`), digest);
        assertEquals(await sha256(`${local}/back`), digest);
      }),
  });
}

Deno.test({
  name: "sshd starts one session more than there may be, which ends with its own status",
  ...needs("sshd", "ssh-keygen", "sftp", "ssh"),
  fn: async () => {
    // The log and the state folder are beside the jail.
    const state = await Deno.makeTempDir({ prefix: "sftpwrap_test_" });
    const log = `${state}/log`;
    const jailOptions = ["--max-sessions=1", "--state-dir", `${state}/state`, "-l", log];
    const tell = (...words: string[]) =>
      runWords(sftpwrap([...words, "--state-dir", `${state}/state`]));
    await overSshd({ jailOptions }, async (served) => {
      const { sshd } = served;
      const ssh = ["-F", sshd.sshConfig, "-s", sshd.alias, "sftp"];
      const server = new ChildServer(["ssh", ...ssh]);
      await server.greet();
      const up = await server.handle(ask.open("/up", 2 | 8));
      await server.ask(ask.write(up, 0, "abc"));
      const refused = await run("ssh", ssh);
      assertEquals([refused.code, refused.stdout], [75, ""]);
      const { code, stderr } = await sftp(served, ["ls"]);
      assert(code !== 0);
      assertStringIncludes(stderr, "Connection closed");

      const { stdout } = await tell("who", "--json");
      const { session, client, user } = JSON.parse(new TextDecoder().decode(stdout));
      assertEquals([client, user], ["127.0.0.1", sshd.user]);
      assertEquals((await tell("kick", session)).code, 0);
      while (await server.receive() !== undefined);
      assertEquals((await server.end()).code, 255);
      await sftpOk(served, ["ls"]);
      const lines = await Deno.readTextFile(log);
      assertEquals(lines.match(/session not started: too many sessions of /g)?.length, 2);
      assertMatch(
        lines,
        /session ended for local user \S+ from \[127\.0\.0\.1\]: kicked by \S+\n.*forced close "\/up" bytes read 0 written 3\n.*session closed for/,
      );
    });
    await Deno.remove(state, { recursive: true });
  },
});
