import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, makeTree, sha256, treeOf } from "../support/files.ts";
import { jailLine, withJail } from "../support/jail.ts";
import { findProgram, needs } from "../support/programs.ts";
import { run, runOk } from "../support/run.ts";
import { type Served, testOverSshd } from "./ways.ts";

/** Runs scp in the local directory; remote files are `${alias}:PATH`. */
async function scp({ local, sshd }: Served, args: readonly string[]): Promise<void> {
  const printed = await runOk("scp", ["-F", sshd.sshConfig, "-s", ...args], { cwd: local });
  assertEquals(printed, "");
}

testOverSshd("scp copies a file both ways", ["scp"], async (served) => {
  const { jail, local, sshd } = served;
  const digest = await makeFile(`${local}/file`, 20 * 1024 * 1024 + 1);
  await Deno.mkdir(`${jail}/dir`);
  await scp(served, ["file", `${sshd.alias}:/dir/name`]);
  await scp(served, ["file", `${sshd.alias}:dir`]);
  await scp(served, [`${sshd.alias}:dir/name`, "back"]);
  assertEquals(await sha256(`${jail}/dir/name`), digest);
  assertEquals(await sha256(`${jail}/dir/file`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
});

testOverSshd("scp copies trees with modes and times (-r, -p)", ["scp"], async (served) => {
  const { jail, local, sshd } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await scp(served, ["-rp", "tree", `${sshd.alias}:`]);
  await scp(served, ["-rp", `${sshd.alias}:tree`, "back"]);
  const kept = { modes: true, times: true };
  const expected = await treeOf(`${local}/tree`, kept);
  assertEquals(await treeOf(`${jail}/tree`, kept), expected);
  assertEquals(await treeOf(`${local}/back`, kept), expected);
});

testOverSshd("scp takes patterns and ~ on the server", ["scp"], async (served) => {
  const { jail, local, sshd } = served;
  for (const name of ["a.txt", "b.txt", "c.dat"]) await makeFile(`${jail}/${name}`, 100);
  await scp(served, [`${sshd.alias}:~/*.txt`, "."]);
  assertEquals((await treeOf(local)).map((line) => line.split(" ")[0]), ["a.txt", "b.txt"]);
});

testOverSshd(
  "scp copies from the jail to the jail through the client (-3)",
  ["scp"],
  async (served) => {
    const { jail, sshd } = served;
    const digest = await makeFile(`${jail}/file`, 100_000);
    await scp(served, ["-3", `${sshd.alias}:file`, `${sshd.alias}:copy`]);
    assertEquals(await sha256(`${jail}/copy`), digest);
  },
);

testOverSshd("scp reports a missing file", ["scp"], async ({ sshd, local }) => {
  const { code, stderr } = await run(
    "scp",
    ["-F", sshd.sshConfig, "-s", `${sshd.alias}:none`, "file"],
    { cwd: local },
  );
  assertEquals(code, 1);
  assertMatch(stderr, /No such file or directory|not found/);
  assertEquals(await treeOf(local), []);
});

/** scp from before OpenSSH 9.0 has no `-D`, and then there is nothing to test. */
async function hasDirectScp(): Promise<boolean> {
  if (findProgram("scp") === undefined) return true;
  return (await run("scp", [])).stderr.includes("-D ");
}

const directScp = await hasDirectScp();

Deno.test({
  name: directScp
    ? "scp -D copies a file both ways"
    : "scp -D (skipped: this scp has no such option)",
  ...(directScp ? needs("scp") : { ignore: true }),
  async fn() {
    await withJail(async ({ base, jail, local }) => {
      // scp starts one program without arguments, and appends its own.
      const program = `${base}/program`;
      await Deno.writeTextFile(program, `#!/bin/sh\nexec ${jailLine(jail)} "$@"\n`, {
        mode: 0o755,
      });
      const digest = await makeFile(`${local}/file`, 1_000_003);
      await runOk("scp", ["-D", program, "file", "anyone@anywhere:copy"], { cwd: local });
      await runOk("scp", ["-D", program, "anywhere:copy", "back"], { cwd: local });
      assertEquals(await sha256(`${jail}/copy`), digest);
      assertEquals(await sha256(`${local}/back`), digest);
    });
  },
});
