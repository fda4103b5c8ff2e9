import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeFile, makeTree, noise, sha256, treeOf } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { run, runOk } from "../support/run.ts";
import { needsSshfs, withMount } from "./mount.ts";
import { effectsOf } from "./policy_client.ts";
import { lftpOk } from "./lftp.ts";
import { policyClients, rcloneOptions } from "./policy_clients.ts";
import { PSFTP_PROGRAMS, psftpOk } from "./psftp.ts";
import { proxyLine, withFarSide } from "./proxied.ts";
import { sftp, sftpOk } from "./sftp.ts";
import { overSshd, type Served, testEachWay, testOverSshd } from "./ways.ts";

/**
 * What a client can do under an option, in the order upload, overwrite, download, list, remove,
 * rename: `+` done, `-` refused. All clients see the same, as far as they have the action: scp has
 * the first three, curl the first four. The table in lib/policy/README.md
 * says the same.
 */
const TABLE: Readonly<Record<string, string>> = {
  "--umask=022": "++++++",
  "--read-only": "--++--",
  "--upload-only": "+-----",
  "--append-only": "+-++-+",
  "--no-overwrite": "+-+++-",
  "--no-delete": "++++-+",
  "--deny=[ogmtn]*": "---+--",
  "--hide=[ogmtn]*": "------",
};

/** A short run lets a client try every second option, and so each option every second client. */
const STEP = Deno.env.has("SFTPWRAP_LONG") ? 1 : 2;

for (const [place, client] of policyClients.entries()) {
  for (const [index, [option, all]] of Object.entries(TABLE).entries()) {
    if ((place + index) % STEP !== 0) continue;
    Deno.test({
      name: `${client.name} under ${option} can do what the table says`,
      ...client.needs,
      fn: () =>
        overSshd({ jailOptions: [option] }, async (served) => {
          await fill(served);
          const told = await client.run(served);
          const expected = all.slice(0, client.actions.length);
          assertEquals(await effectsOf(client, told, served), expected);
        }),
    });
  }
}

async function fill({ jail, local }: Served): Promise<void> {
  await makeFile(`${local}/new`, 100_000, 1);
  for (const [index, name] of ["old", "gone", "moved", "there"].entries()) {
    await makeFile(`${jail}/${name}`, 70_000, index + 2);
  }
}

testEachWay("uploads under a temporary name and renames, with --upload-only", async (reached) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${local}/file`, 300_000);
  await Deno.writeFile(`${local}/part`, noise(300_000).subarray(0, 100_000));
  await makeFile(`${jail}/theirs`, 10, 3);
  const before = await treeOf(jail);
  const { stderr } = await sftp(reached, [
    "put part x.filepart",
    "reput file x.filepart",
    "-rename x.filepart theirs",
    "rename x.filepart x",
    "chmod 600 x",
    "-rename theirs y",
    "-get x",
    "mkdir dir",
    "put -p file dir/x.filepart",
    "rename dir/x.filepart dir/x",
    "put file wrong",
    "rm wrong",
    "-rmdir dir",
  ]);
  assertMatch(stderr, /rename .*theirs.*Failure|rename .*theirs/);
  assertEquals(await treeOf(jail), ["dir/", `dir/x ${digest}`, ...before, `x ${digest}`]);
  assertEquals((await treeOf(local)).map((entry) => entry.split(" ")[0]), ["file", "part"]);
}, { jailOptions: ["--upload-only"] });

testOverSshd("rclone copies a tree into a drop box, several files at once", ["rclone"], async (
  { base, jail, local, sshd },
) => {
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await runOk("rclone", [
    ...["copy", ...rcloneOptions(sshd), "--transfers", "4"],
    // Each connection knows only its own uploads, and rclone sets times through whichever is free.
    ...["--sftp-set-modtime=false", "tree", ":sftp:in"],
  ], { cwd: local, env: { HOME: base } });
  const files = (tree: string[]) => tree.filter((entry) => !entry.endsWith("/"));
  assertEquals(files(await treeOf(`${jail}/in`)), files(await treeOf(`${local}/tree`)));
}, { jailOptions: ["--upload-only"] });

testEachWay("resumes an upload, and changes a file in no other way, with --append-only", async (
  reached,
) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${local}/file`, 300_000);
  await Deno.writeFile(`${jail}/file`, noise(300_000).subarray(0, 123_456));
  await sftpOk(reached, ["reput file"]);
  assertEquals(await sha256(`${jail}/file`), digest);
  const { code } = await sftp(reached, ["put file"]);
  assertEquals([code, await sha256(`${jail}/file`)], [1, digest]);
}, { jailOptions: ["--append-only"] });

testOverSshd(
  "lftp and psftp resume a file that they may only append to",
  ["ssh", "lftp", ...PSFTP_PROGRAMS],
  async (served) => {
    const { jail, local } = served;
    const bytes = noise(300_000);
    const digest = await makeFile(`${local}/file`, bytes.length);
    for (
      const goOn of [() => lftpOk(served, ["put -c file"]), () => psftpOk(served, ["reput file"])]
    ) {
      await Deno.writeFile(`${jail}/file`, bytes.subarray(0, 123_456));
      await goOn();
      assertEquals(await sha256(`${jail}/file`), digest);
    }
  },
  { jailOptions: ["--append-only"] },
);

testOverSshd(
  "lftp and psftp upload trees into a drop box",
  ["ssh", "lftp", ...PSFTP_PROGRAMS],
  async (served) => {
    const { jail, local } = served;
    await Deno.mkdir(`${local}/tree`);
    await makeTree(`${local}/tree`);
    await lftpOk(served, ["mirror -R --parallel=3 tree a"]);
    await psftpOk(served, ["put -r tree b"]);
    const expected = await treeOf(`${local}/tree`);
    for (const name of ["a", "b"]) assertEquals(await treeOf(`${jail}/${name}`), expected);
  },
  { jailOptions: ["--upload-only"] },
);

testEachWay("gives files and folders the server's modes, and keeps times", async (reached) => {
  const { jail, local } = reached;
  await Deno.mkdir(`${local}/tree`);
  await makeFile(`${local}/tree/file`, 1000);
  await Deno.chmod(`${local}/tree/file`, 0o777);
  await Deno.utime(`${local}/tree/file`, 1_000_000_000, 1_100_000_000);
  await sftpOk(reached, ["put -pr tree", "chmod 777 tree/file"]);
  const [file, folder] = [await Deno.stat(`${jail}/tree/file`), await Deno.stat(`${jail}/tree`)];
  assertEquals([(file.mode ?? 0) & 0o7777, (folder.mode ?? 0) & 0o7777], [0o640, 0o2750]);
  assertEquals(file.mtime?.getTime(), 1_100_000_000_000);
}, { jailOptions: ["--file-mode=640", "--dir-mode=2750", "--ignore-chmod"] });

Deno.test({
  name: "sshfs under --file-mode and --ignore-chmod: cp -p succeeds, and the mode is the server's",
  ...needsSshfs(),
  fn: () =>
    overSshd({ jailOptions: ["--file-mode=640", "--ignore-chmod"] }, async (served) => {
      const { jail, local } = served;
      const digest = await makeFile(`${local}/file`, 1000);
      await Deno.chmod(`${local}/file`, 0o755);
      await withMount(served, async (mounted) => {
        await runOk("cp", ["-p", `${local}/file`, `${mounted}/file`]);
      });
      assertEquals(await sha256(`${jail}/file`), digest);
      assertEquals(((await Deno.stat(`${jail}/file`)).mode ?? 0) & 0o7777, 0o640);
    }),
});

testEachWay(
  "says that a file is too large, and keeps the part within the limit",
  async (reached) => {
    const { jail, local } = reached;
    await makeFile(`${local}/large`, 200_000);
    const digest = await makeFile(`${local}/small`, 102_400);
    const { code, stderr } = await sftp(reached, ["put small", "put large"]);
    // It has its own words for a status, and does not show the server's.
    assertEquals([code, stderr.trim()], [1, 'write remote "/large": Failure']);
    assertEquals(await sha256(`${jail}/small`), digest);
    const { size } = await Deno.stat(`${jail}/large`);
    assertEquals(size <= 102_400, true);
  },
  { jailOptions: ["--max-file-size=100K"] },
);

testOverSshd("rclone says why a file is too large", ["rclone"], async ({ base, local, sshd }) => {
  await makeFile(`${local}/large`, 200_000);
  const args = ["copy", ...rcloneOptions(sshd), "large", ":sftp:"];
  const { code, stderr } = await run("rclone", args, { cwd: local, env: { HOME: base } });
  assertEquals(code === 0, false);
  assertStringIncludes(stderr, "larger than the 102400 bytes that a file may have");
}, { jailOptions: ["--max-file-size=100K"] });

Deno.test({
  name: "a proxy takes the same policies: a drop box on another server",
  ...needs("sftp", "sshd", "ssh-keygen"),
  fn: () =>
    withFarSide(async ({ far, jail, local }) => {
      const digest = await makeFile(`${local}/file`, 300_000);
      await makeFile(`${jail}/secret`, 10);
      const options = ["--upload-only", "--hide=sec*", "--file-mode=604", "--max-file-size=1M"];
      const sftpArgs = ["-D", proxyLine(far, { options })];
      const { code, stdout } = await sftp({ local, sftpArgs }, [
        "put file x.filepart",
        "rename x.filepart x",
        "-get secret",
        "-put file secret",
        "-get x",
        "ls -1",
      ]);
      assertEquals([code, /^secret$/m.test(stdout)], [0, false]);
      assertEquals(await sha256(`${jail}/x`), digest);
      assertEquals(((await Deno.stat(`${jail}/x`)).mode ?? 0) & 0o777, 0o604);
      assertEquals((await treeOf(local)).map((entry) => entry.split(" ")[0]), ["file"]);
      assertEquals((await Deno.stat(`${jail}/secret`)).size, 10);
    }),
});

Deno.test({
  name: "a mistake in the options ends the program with one line and the usage",
  ...needs("sftp"),
  async fn() {
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const words = ["run", "--no-prompt", "--quiet", "-A", main, "jail"];
    const { code, stderr } = await run(Deno.execPath(), [...words, "-R", "--upload-only", "/tmp"]);
    assertEquals(code, 1);
    assertMatch(stderr, /^sftpwrap: --read-only and --upload-only contradict each other\nusage: /);
  },
});
