/** The audit log of a session that comes through a real sshd. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { jailLine, withJail } from "../support/jail.ts";
import { needs } from "../support/programs.ts";
import { runOk } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { sftp } from "./sftp.ts";

/** A client's session: uploads, renames, downloads, fails, lists. */
const BATCH = [
  "put up.txt up.part",
  "rename up.part up.txt",
  "get up.txt down.txt",
  "-rm missing",
  "mkdir d",
  "ls -l",
];

/** Runs the batch with these options of the jail, and returns the log. */
async function logOf(options: readonly string[]): Promise<{ log: string; user: string }> {
  let found = { log: "", user: "" };
  await withJail(async (places) => {
    const file = `${places.base}/audit`;
    await Deno.writeTextFile(`${places.local}/up.txt`, "0123456789");
    const command = jailLine(places.jail, { options: ["-l", file, ...options] });
    await withSshd({ command }, async (sshd) => {
      const reached = { ...places, sftpArgs: ["-F", sshd.sshConfig, sshd.alias] };
      const { code, stderr } = await sftp(reached, BATCH);
      assert(code === 0, stderr);
      found = { log: await Deno.readTextFile(file), user: sshd.user };
    });
  });
  return found;
}

Deno.test({
  name: "the log of JSON lines says whose session it was, from where, and what it did",
  ...needs("sshd", "ssh-keygen", "sftp"),
  async fn() {
    const { log, user } = await logOf([
      ...["--log-format=json", "--log-user=Ann B.", "--log-tag=sftp-in"],
    ]);
    const events = log.trimEnd().split("\n").map((line) =>
      JSON.parse(line) as Record<string, unknown>
    );
    for (const event of events) {
      assertEquals([event["user"], event["client"]], [user, "127.0.0.1"]);
      assertEquals([event["logUser"], event["tag"]], ["Ann B.", "sftp-in"]);
      assert(Number(event["port"]) > 1023);
    }
    const told = events.filter(({ event }) => event !== "message" && event !== "stat")
      .map(({ event, path, to, read, written, files, result }) =>
        [event, path, to, read, written, files, result].filter((value) => value !== undefined)
      );
    const expected = [
      ["session-opened"],
      ["open", "/up.part", "ok"],
      ["close", "/up.part", 0, 10, "ok"],
      ["posix-rename", "/up.part", "/up.txt", "ok"],
      ["open", "/up.txt", "ok"],
      ["close", "/up.txt", 10, 0, "ok"],
      ["remove", "/missing", "No such file"],
      ["mkdir", "/d", "ok"],
      ["session-closed", 10, 10, 2],
    ];
    for (const line of expected) {
      assert(told.some((other) => JSON.stringify(other) === JSON.stringify(line)), line.join(" "));
    }
  },
});

/**
 * Patterns as administrators write them for sftp-server's lines: each must find a line of the
 * batch, with these groups.
 */
const PATTERNS: readonly (readonly [pattern: RegExp, groups: readonly string[]])[] = [
  [/\[(\d+)\]: session opened for local user \S+ from \[(127\.0\.0\.1)\]$/m, []],
  [/\]: open "([^"]*)" flags ([A-Z,]*WRITE[A-Z,]*) mode (\d+)$/m, ["/up.part"]],
  [/\]: close "([^"]*)" bytes read (\d+) written ([1-9]\d*)$/m, ["/up.part", "0", "10"]],
  [/\]: close "([^"]*)" bytes read ([1-9]\d*) written (\d+)$/m, ["/up.txt", "10", "0"]],
  [/\]: posix-rename old "([^"]*)" new "([^"]*)"$/m, ["/up.part", "/up.txt"]],
  [/\]: remove name "([^"]*)"\n.*\]: sent status (.*)$/m, ["/missing", "No such file"]],
  [/\]: mkdir name "([^"]*)" mode (\d+)$/m, ["/d"]],
  [/\]: opendir "([^"]*)"$/m, ["/"]],
  [/\]: closedir "([^"]*)"$/m, ["/"]],
  [/\[(\d+)\]: session closed for local user \S+ from \[(127\.0\.0\.1)\]$/m, []],
];

/** A filter for fail2ban: one line of the log, after fail2ban's own prefix, time and host. */
const FILTER = (line: string) =>
  `[INCLUDES]
before = /etc/fail2ban/filter.d/common.conf
[Definition]
_daemon = sftpwrap
failregex = ^%(__prefix_line)s${line}$
`;

for (const options of [[], ["--log-user=Ann B. <ann@laptop>"]]) {
  Deno.test({
    name: `log readers for OpenSSH's sftp-server read the log, fail2ban among them ${
      options.join(" ")
    }`.trimEnd(),
    ...needs("sshd", "ssh-keygen", "sftp", "fail2ban-regex"),
    async fn() {
      const { log, user } = await logOf(options);
      const program = options.length === 0 ? "sftpwrap" : "sftpwrap(Ann\\040B.\\040<ann@laptop>)";
      assert(
        log.trimEnd().split("\n").every((line) => line.split(" ")[1]?.startsWith(`${program}[`)),
        log,
      );
      for (const [pattern, groups] of PATTERNS) {
        const match = pattern.exec(log);
        assert(match !== null, `${pattern} finds nothing in\n${log}`);
        assertEquals(match.slice(1, 1 + groups.length), groups.length === 0 ? [] : [...groups]);
      }
      const directory = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${directory}/log`, log);
        for (const event of ["opened", "closed"]) {
          const filter = `${directory}/${event}.conf`;
          const line = `session ${event} for local user <F-USER>\\S+</F-USER> from \\[<HOST>\\]`;
          await Deno.writeTextFile(filter, FILTER(line));
          const found = await runOk("fail2ban-regex", [`${directory}/log`, filter]);
          assertMatch(found, /Failregex: 1 total/);
          const told = await runOk("fail2ban-regex", [
            "-o",
            "<ip> <F-USER>",
            `${directory}/log`,
            filter,
          ]);
          assertEquals(told.trim(), `127.0.0.1 ${user}`);
          // Every line has a time that fail2ban recognizes by itself.
          const lines = log.trimEnd().split("\n").length;
          assertMatch(found, new RegExp(`Lines: ${lines} lines, 0 ignored, 1 matched`));
          assertMatch(found, new RegExp(`\\[${lines}\\] .*Year`));
        }
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
