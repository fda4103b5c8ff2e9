import { assertEquals, assertStringIncludes } from "@std/assert";
import { jailLine, withJail } from "../../support/jail.ts";
import { needs } from "../../support/programs.ts";
import { init } from "../../support/raw.ts";
import { runOk } from "../../support/run.ts";
import { type SshdOptions, withSshd } from "../../support/sshd.ts";
import { run, sftpwrap } from "../../support/wire_session.ts";

const WARNING =
  "not started by a forced command (but by a Subsystem?): the account may run other commands too";

const REMOTE = { SSH_CONNECTION: "192.0.2.7 50022 192.0.2.1 22" };

/** How often the log of a session through a real sshd warns. */
async function warningsOf(how: (command: string) => SshdOptions): Promise<number> {
  let warnings = 0;
  await withJail(async ({ base, jail }) => {
    const line = jailLine(jail, { options: ["-l", `${base}/log`] });
    await withSshd(how(line), async ({ sshConfig, alias }) => {
      const input = "pwd\n";
      const told = await runOk("sftp", ["-b", "-", "-F", sshConfig, alias], { input });
      assertStringIncludes(told, "Remote working directory: /\n");
    });
    const log = await Deno.readTextFile(`${base}/log`);
    assertStringIncludes(log, "session opened");
    warnings = log.split("\n").filter((line) => line.endsWith(`]: ${WARNING}`)).length;
  });
  return warnings;
}

Deno.test({
  name: "the log of a session that only a Subsystem line has started warns",
  ...needs("sshd", "ssh-keygen", "sftp"),
  async fn() {
    assertEquals(await warningsOf((subsystem) => ({ subsystem, keyOptions: "" })), 1);
  },
});

for (
  const [what, how] of [
    ["command= of a key", (command: string) => ({ command })],
    ["ForceCommand", (command: string) => ({ config: [`ForceCommand ${command}`] })],
    [
      "ForceCommand besides a Subsystem line",
      (command: string) => ({ config: [`ForceCommand ${command}`], subsystem: command }),
    ],
  ] as const
) {
  Deno.test({
    name: `the log of a session that ${what} has started does not warn`,
    ...needs("sshd", "ssh-keygen", "sftp"),
    async fn() {
      assertEquals(await warningsOf(how), 0);
    },
  });
}

for (
  const [subcommand, place, reason] of [
    ["proxy", ["-n", "/dev/null", "-c", "/dev/null", "-p", "1", "127.0.0.1"], "127.0.0.1"],
    ["gridfs", ["mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=100"], "127.0.0.1:1"],
  ] as const
) {
  Deno.test(`the log of ${subcommand} warns in the same way, before it connects`, async () => {
    for (const [env, warns] of [[{}, true], [{ SSH_ORIGINAL_COMMAND: "sftp" }, false]] as const) {
      const words = sftpwrap([subcommand, "--log-to-stderr", ...place]);
      const { code, stderr } = await run(words, { env: { ...REMOTE, ...env }, input: init() });
      assertEquals([code, stderr.includes(WARNING)], [1, warns], stderr);
      assertStringIncludes(stderr, reason);
    }
  });
}

Deno.test("a login shell, and flags that hide what a client wants, lead to no warning", async () => {
  await withJail(async ({ jail }) => {
    const shell = sftpwrap(["jail", "-e", "-c", "internal-sftp", jail]);
    const flags = ["--allow-read", "--allow-write", "--allow-ffi", "--allow-env=SSH_CONNECTION"];
    const blind = sftpwrap(["jail", "-e", jail], flags);
    for (const words of [shell, blind]) {
      const { code, stderr } = await run(words, { env: REMOTE, input: init() });
      assertEquals([code, stderr.includes(WARNING)], [0, false], stderr);
      assertStringIncludes(stderr, "session opened");
    }
  });
});

Deno.test("the log of a session in which a client wants something else says that it is refused", async () => {
  await withJail(async ({ base, jail }) => {
    for (const command of [undefined, "git-upload-pack x"]) {
      const env = command === undefined ? REMOTE : { ...REMOTE, SSH_ORIGINAL_COMMAND: command };
      await Deno.writeTextFile(`${base}/log`, "");
      const words = sftpwrap(["jail", "-l", `${base}/log`, jail]);
      const { code, stderr } = await run(words, { env, input: new TextEncoder().encode("id\n") });
      const refusal = "this account is for SFTP only: connect with sftp, not with ssh or scp -O";
      assertEquals([code, stderr], [1, `sftpwrap: ${refusal}\n`], command);
      const log = await Deno.readTextFile(`${base}/log`);
      assertStringIncludes(log, `session not started: ${refusal}`, command);
    }
  });
});
