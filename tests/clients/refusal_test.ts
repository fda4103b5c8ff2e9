import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, sha256, treeOf } from "../support/files.ts";
import { jailLine, withJail } from "../support/jail.ts";
import { needs, programPath } from "../support/programs.ts";
import { run, type RunResult } from "../support/run.ts";
import { sftp, sftpOk } from "./sftp.ts";
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
  name: "a person who starts it on a terminal gets one line that explains it",
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
    // If the key is not restricted, sshd allocates a terminal, and both streams go there.
    const { code, stdout, stderr } = await ssh(served, ["-tt", served.sshd.alias]);
    assertMatch((stdout + stderr).replaceAll("\r", ""), POLITE);
    assertEquals(code, 1);
  },
  { sshd: { keyOptions: "no-port-forwarding" } },
);

testOverSshd("ssh -T HOST that sends nothing is refused with one line", ["ssh"], async (served) => {
  assertRefused(await ssh(served, ["-T", served.sshd.alias]));
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
  "a missing jail ends the session with one line",
  ["sftp", "ssh"],
  async (served) => {
    await Deno.remove(served.jail);
    assertRefusedStart(await ssh(served, ["-T", served.sshd.alias]));
    // sshd does not pass a subsystem's standard error on.
    const { code, stdout } = await run("sftp", ["-b", "-", ...served.sftpArgs], { input: "pwd\n" });
    assertEquals([code, stdout], [255, ""]);
  },
);

function assertRefusedStart({ code, stdout, stderr }: RunResult): void {
  assertMatch(stderr, /^sftpwrap: .* does not exist\r?\n$/);
  assertEquals([code, stdout], [1, ""]);
}

for (const [what, args] of [["", []], [" ls", ["ls"]]] as const) {
  testOverSshd(
    `ssh HOST${what} without a terminal is answered at once, before it sends anything`,
    ["ssh"],
    async ({ sshd }) => {
      const child = new Deno.Command(programPath("ssh"), {
        args: ["-T", "-F", sshd.sshConfig, sshd.alias, ...args],
        stdin: "piped",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const said = child.stderr.getReader();
      const { value } = await said.read();
      assertMatch(new TextDecoder().decode(value).replaceAll("\r", ""), POLITE);
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("exit\n"));
      assertEquals((await child.status).code, 1);
      await said.cancel();
      writer.releaseLock();
      await child.stdin.close().catch(isBrokenPipe);
    },
  );
}

for (const subsystem of ["/opt/files/start-it --now", "/bin/cat"]) {
  testOverSshd(
    `sftp is served where the Subsystem line is ${subsystem}`,
    ["sftp"],
    async (served) => {
      await makeFile(`${served.local}/file`, 100_000);
      const { stdout, stderr } = await sftp(served, ["put file", "get file back", "ls -1"]);
      assertEquals(stderr, "");
      assertMatch(stdout, /^file$/m);
      assertEquals(await sha256(`${served.local}/back`), await sha256(`${served.local}/file`));
    },
    { sshd: { subsystem } },
  );
}

testOverSshd("scp -O is refused with one line if the Subsystem line is odd", ["scp"], async ({
  local,
  sshd,
}) => {
  await makeFile(`${local}/file`, 10);
  const args = ["-O", "-F", sshd.sshConfig, `${local}/file`, `${sshd.alias}:`];
  const { code, stderr } = await run("scp", args);
  assertEquals(code === 0, false);
  assertMatch(stderr.replaceAll("\r", ""), /this account is for SFTP only/);
}, { sshd: { subsystem: "/opt/files/start-it" } });

/** A client that has exited reads no more. */
function isBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}
