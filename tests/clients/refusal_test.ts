import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, treeOf } from "../support/files.ts";
import { jailLine, withJail } from "../support/jail.ts";
import { needs } from "../support/programs.ts";
import { run, type RunResult } from "../support/run.ts";
import { sftpOk } from "./sftp.ts";
import { type Served, testOverSshd } from "./ways.ts";

const POLITE = /^sftpwrap: this account is for SFTP only: .*sftp.*\n$/;

async function ssh({ sshd }: Served, args: readonly string[], input = ""): Promise<RunResult> {
  return await run("ssh", ["-F", sshd.sshConfig, ...args], { input });
}

function assertRefused({ code, stdout, stderr }: RunResult): void {
  assertMatch(stderr.replaceAll("\r", ""), POLITE);
  assertEquals([code, stdout], [1, ""]);
}

for (
  const command of ["ls", "cat /etc/passwd", "md5sum file", "rsync --server .", "sh -c 'id; id'"]
) {
  testOverSshd(`ssh HOST ${command} is refused with one line`, ["ssh"], async (served) => {
    assertRefused(await ssh(served, [served.sshd.alias, command]));
  });
}

testOverSshd("ssh -T HOST COMMAND is refused with one line", ["ssh"], async (served) => {
  assertRefused(await ssh(served, ["-T", served.sshd.alias, "id"]));
});

Deno.test({
  name: "a person who starts it on a terminal is told so with one line",
  ...needs("script"),
  async fn() {
    await withJail(async ({ jail }) => {
      const { code, stdout } = await run("script", ["-qec", jailLine(jail), "/dev/null"]);
      assertMatch(stdout.replaceAll("\r", ""), POLITE);
      assertEquals(code, 1);
    });
  },
});

const isRoot = Deno.uid() === 0;

testOverSshd(
  isRoot
    ? "ssh -tt HOST is refused with one line"
    : "ssh -tt HOST (skipped: only root's sshd gives a terminal)",
  ["ssh"],
  async (served) => {
    if (!isRoot) return;
    // Where the key is not restricted, sshd gives a terminal, and both streams go there.
    const { code, stdout, stderr } = await ssh(served, ["-tt", served.sshd.alias]);
    assertMatch((stdout + stderr).replaceAll("\r", ""), POLITE);
    assertEquals(code, 1);
  },
  { sshd: { keyOptions: "no-port-forwarding" } },
);

testOverSshd("ssh -T HOST that says nothing gets nothing", ["ssh"], async (served) => {
  // No server can tell this from an SFTP client before it speaks.
  const { code, stdout } = await ssh(served, ["-T", served.sshd.alias]);
  assertEquals([code, stdout], [0, ""]);
});

testOverSshd("ssh -T HOST with commands on its input is refused", ["ssh"], async (served) => {
  await makeFile(`${served.jail}/file`, 10);
  const { code, stdout } = await ssh(served, ["-T", served.sshd.alias], "rm file\nexit\n");
  assertEquals(stdout, "");
  assertEquals(code === 0, false);
  assertEquals((await treeOf(served.jail)).length, 1);
});

testOverSshd("scp -O is refused with one line", ["ssh", "scp"], async (served) => {
  const { jail, local, sshd } = served;
  await makeFile(`${local}/file`, 1000);
  await makeFile(`${jail}/there`, 1000);
  const up = await run("scp", ["-O", "-F", sshd.sshConfig, "file", `${sshd.alias}:`], {
    cwd: local,
  });
  assertMatch(up.stderr, /^sftpwrap: this account is for SFTP only: /);
  const down = await run("scp", ["-O", "-F", sshd.sshConfig, `${sshd.alias}:there`, "."], {
    cwd: local,
  });
  assertMatch(down.stderr, /^sftpwrap: this account is for SFTP only: /);
  assertEquals([up.code, down.code].includes(0), false);
  assertEquals((await treeOf(jail)).map((line) => line.split(" ")[0]), ["there"]);
  assertEquals((await treeOf(local)).map((line) => line.split(" ")[0]), ["file"]);
});

for (
  const subsystem of [
    "internal-sftp",
    "/usr/lib/openssh/sftp-server -f AUTH -l INFO",
    "/usr/bin/env LC_ALL=C /usr/libexec/sftp-server",
  ]
) {
  testOverSshd(`sftp is served where the subsystem is ${subsystem}`, ["sftp"], async (served) => {
    assertMatch(await sftpOk(served, ["pwd"]), /Remote working directory: \//);
  }, { sshd: { subsystem } });
}

testOverSshd("sftp -s is served with any text that names sftp", ["sftp"], async (served) => {
  const { sftpArgs } = served;
  const options = ["-s", "/opt/my own/sftp-server -x"];
  assertMatch(await sftpOk({ ...served, sftpArgs }, ["pwd"], options), /directory: \//);
}, { sshd: { subsystem: null } });

testOverSshd(
  "a jail that is missing ends the session with one line",
  ["sftp", "ssh"],
  async (served) => {
    await Deno.remove(served.jail);
    assertRefusedStart(await ssh(served, ["-T", served.sshd.alias]));
    // sshd keeps a subsystem's standard error to itself.
    const { code, stdout } = await run("sftp", ["-b", "-", ...served.sftpArgs], { input: "pwd\n" });
    assertEquals([code, stdout], [255, ""]);
  },
);

function assertRefusedStart({ code, stdout, stderr }: RunResult): void {
  assertMatch(stderr, /^sftpwrap: .* does not exist\r?\n$/);
  assertEquals([code, stdout], [1, ""]);
}
