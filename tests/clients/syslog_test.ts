/** The log of a session behind a real sshd, through a real syslog, for a real log reader. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { type JailPlaces, withJail } from "../support/jail.ts";
import { needs, programPath } from "../support/programs.ts";
import { commandLine, runOk, until } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { sftp } from "./sftp.ts";

/** The program that mtail's authors wrote for the lines of OpenSSH's sftp-server in syslog. */
const READER = "/usr/share/doc/mtail/examples/sftp.mtail";

/** A syslog for the test alone, which writes lines in the traditional form. */
const CONFIGURATION = (directory: string) =>
  `global(workDirectory="${directory}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${directory}/socket")
local3.* action(type="omfile" file="${directory}/syslog" template="RSYSLOG_TraditionalFileFormat")
`;

/**
 * Runs `use` while rsyslogd listens, and returns what it wrote once the end of the session is in
 * it.
 */
async function syslogOf(
  directory: string,
  use: (socket: string) => Promise<void>,
): Promise<string> {
  const configuration = `${directory}/rsyslog.conf`;
  await Deno.writeTextFile(configuration, CONFIGURATION(directory));
  await using daemon = new Deno.Command(programPath("rsyslogd"), {
    args: ["-n", "-f", configuration, "-i", `${directory}/pid`],
    stdin: "null",
  }).spawn();
  try {
    await until(async () => (await entries(directory)).includes("socket"), {
      what: "rsyslogd listens",
    });
    await use(`${directory}/socket`);
    await until(async () => (await syslog(directory)).includes("session closed"), {
      what: "the session's end is in the log",
    });
    return await syslog(directory);
  } finally {
    daemon.kill("SIGTERM");
  }
}

async function entries(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
}

async function syslog(directory: string): Promise<string> {
  return (await entries(directory)).includes("syslog")
    ? await Deno.readTextFile(`${directory}/syslog`)
    : "";
}

/** Uploads ten bytes and downloads them again. */
async function upAndDown(
  { base, jail, local }: JailPlaces,
  socket: string,
  options: readonly string[],
): Promise<string> {
  const program = fileURLToPath(new URL("syslog_session.ts", import.meta.url));
  const run = [Deno.execPath(), "run", "--no-prompt", "-A", program];
  const command = commandLine([...run, jail, socket, "--syslog=LOCAL3", ...options]);
  let user = "";
  await Deno.writeTextFile(`${local}/up`, "0123456789");
  await withSshd({ command }, async (sshd) => {
    user = sshd.user;
    const places = { base, jail, local, sftpArgs: ["-F", sshd.sshConfig, sshd.alias] };
    const { code, stderr } = await sftp(places, ["put up up.part", "rename up.part up", "get up"]);
    assert(code === 0, stderr);
  });
  return user;
}

for (
  const [what, program, options] of [
    ["what was done", "sftp-server", []],
    ["what each of several users did", "sftp-server\\(Ann\\\\040B\\.\\)", ["--log-user=Ann B."]],
  ] as const
) {
  Deno.test({
    name: `through syslog, with the name that it looks for, a public log reader counts ${what}`,
    ...needs("sshd", "ssh-keygen", "sftp", "rsyslogd", "mtail", READER),
    fn: () =>
      withJail(async (places) => {
        let user = "";
        const log = await syslogOf(places.base, async (socket) => {
          user = await upAndDown(places, socket, ["--log-tag=sftp-server", ...options]);
        });
        const line = `^\\w{3} [ \\d]\\d [\\d:]{8} \\S+ ${program}\\[\\d+\\]: session opened for `;
        assertMatch(log, new RegExp(line, "m"));
        const counted = await runOk("mtail", [
          ...["--one_shot", "--one_shot_format=prometheus"],
          ...["--progs", READER, "--logs", `${places.base}/syslog`],
        ]);
        const figures = counted.split("\n").filter((line) => !line.startsWith("#")).flatMap(
          (line) => {
            const match = /^(\w+)\{(?:.*username="(\w+)")?.*\} (\d+)$/.exec(line);
            return match === null ? [] : [match.slice(1).filter(Boolean).join(" ")];
          },
        );
        assertEquals(figures.sort(), [
          "bytes_read 10",
          "bytes_written 10",
          "files_read 1",
          "files_written 1",
          `login_count ${user} 1`,
          `logout_count ${user} 1`,
        ]);
      }),
  });
}
