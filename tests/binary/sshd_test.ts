/** The program for one jail as the whole forced command, behind a real sshd. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { binary, binaryFolder, needsCompile } from "../support/binaries.ts";
import { makeFile, makeTree, sha256, treeOf } from "../support/files.ts";
import { lookOutside } from "../support/jail_fixture.ts";
import { jailBinaryWay } from "../support/jail_ways.ts";
import { run, runOk } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { needsSshfs, withMount } from "../clients/mount.ts";
import type { Served } from "../clients/ways.ts";

const MiB = 1024 * 1024;

/** A jail behind sshd, with a line in authorized_keys that is the program's path and nothing else. */
async function served(use: (served: Served) => Promise<void>): Promise<void> {
  await jailBinaryWay.withSite(async (site) => {
    const { path } = await binary("sftp-alice", ["--jail", site.jail]);
    assert(path.startsWith(binaryFolder()));
    const local = `${site.base}/local`;
    await Deno.mkdir(local);
    const before = lookOutside({ ...site, base: site.outside });
    await withSshd({ command: path }, async (sshd) => {
      const sftpArgs = ["-F", sshd.sshConfig, sshd.alias];
      await use({ jail: site.jail, local, base: site.base, sshd, sftpArgs });
    });
    assertEquals(lookOutside({ ...site, base: site.outside }), before);
  });
}

function test(name: string, programs: readonly string[], use: (served: Served) => Promise<void>) {
  Deno.test({
    name: `the program for one jail, behind sshd: ${name}`,
    ...needsCompile("sshd", "ssh-keygen", "ssh", ...programs),
    fn: () => served(use),
  });
}

async function sftp({ sftpArgs, local }: Served, commands: readonly string[]): Promise<string> {
  const input = commands.map((command) => command + "\n").join("");
  return await runOk("sftp", ["-b", "-", ...sftpArgs], { input, cwd: local });
}

test("OpenSSH's sftp brings files and trees there and back", ["sftp"], async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${local}/large`, 20 * MiB + 11);
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  const shown = await sftp(served, [
    "pwd",
    "put large",
    "get large back",
    "put -Rp tree",
    "get -Rp tree tree-back",
    "rename large moved",
    "ln -s /tree link",
    "ls -l",
    "df",
  ]);
  assertMatch(shown, /Remote working directory: \/$/m);
  assertMatch(shown, /^lrwxrwxrwx .* link$/m);
  assertEquals(await sha256(`${jail}/moved`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
  const kept = { modes: true, times: true };
  const expected = await treeOf(`${local}/tree`, kept);
  assertEquals(await treeOf(`${jail}/tree`, kept), expected);
  assertEquals(await treeOf(`${local}/tree-back`, kept), expected);
});

test("OpenSSH's sftp finds nothing outside", ["sftp"], async (served) => {
  const { jail, base, sftpArgs, local } = served;
  await Deno.symlink(`${base}/outside`, `${jail}/out`);
  for (const path of ["out/canary", "../outside/canary", `${base}/outside/canary`]) {
    const input = `get ${path} stolen\n`;
    const { code } = await run("sftp", ["-b", "-", ...sftpArgs], { input, cwd: local });
    assertEquals(code, 1, path);
  }
  assertEquals(await treeOf(local), []);
});

test("ssh gets no shell and no command", [], async ({ sshd }) => {
  for (const command of [[], ["id"], ["cat /etc/passwd"]]) {
    const args = ["-F", sshd.sshConfig, "-T", sshd.alias, ...command];
    const { code, stdout } = await run("ssh", args, { input: "id; exit 0\n" });
    // Without a command the server waits for SFTP, and finds that this is none.
    assert(code !== 0, command.join());
    assertEquals(stdout.includes("uid="), false);
  }
});

Deno.test({
  name: "the program for one jail, behind sshd: sshfs is a place to work in",
  ...combined(needsSshfs(), needsCompile()),
  fn: () =>
    served((served) =>
      withMount(served, async (mounted) => {
        const { jail, local } = served;
        const digest = await makeFile(`${local}/large`, 9 * MiB + 3);
        await runOk("cp", [`${local}/large`, `${mounted}/large`]);
        await runOk("cp", [`${mounted}/large`, `${local}/back`]);
        assertEquals(await sha256(`${jail}/large`), digest);
        assertEquals(await sha256(`${local}/back`), digest);
        await Deno.mkdir(`${local}/tree`);
        await makeTree(`${local}/tree`);
        await runOk("cp", ["-a", `${local}/tree`, mounted]);
        assertEquals(await treeOf(`${jail}/tree`), await treeOf(`${local}/tree`));
        await runOk("rm", ["-r", `${mounted}/tree`]);
        assertEquals(await treeOf(jail), [`large ${digest}`]);
      })
    ),
});

test("rclone syncs both ways, and checks", ["rclone"], async ({ sshd, base, jail, local }) => {
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await makeFile(`${local}/tree/large`, 9 * MiB + 3);
  const rclone = (...args: string[]) =>
    runOk("rclone", [
      ...["--config", "/dev/null", "--retries", "1", "--low-level-retries", "2"],
      ...["--sftp-host", sshd.host, "--sftp-port", String(sshd.port), "--sftp-user", sshd.user],
      ...["--sftp-key-file", sshd.clientKey, "--sftp-known-hosts-file", sshd.knownHosts],
      "--sftp-disable-hashcheck",
      ...args,
    ], { cwd: local, env: { HOME: base } });
  await rclone("sync", "--create-empty-src-dirs", "tree", ":sftp:up");
  await rclone("check", "--download", "tree", ":sftp:up");
  await rclone("sync", "--create-empty-src-dirs", ":sftp:up", "back");
  const expected = await treeOf(`${local}/tree`, { times: true });
  assertEquals(await treeOf(`${jail}/up`, { times: true }), expected);
  assertEquals(await treeOf(`${local}/back`, { times: true }), expected);
});

function combined(...needs: { ignore: boolean; reason: string }[]) {
  return needs.find(({ ignore }) => ignore) ?? needs[0]!;
}
