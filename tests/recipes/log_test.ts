/** Where the log goes on a machine: the manual's files, given to the programs that they are for. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { jailLine, type JailPlaces, withJail } from "../support/jail.ts";
import { type Need, needs, programPath } from "../support/programs.ts";
import { commandLine, run, runOk, until } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { needsSyslogDev } from "../support/syslog_dev.ts";
import { fileOfRecipe, recipe } from "./page.ts";

const TMPFILES = "/etc/tmpfiles.d/sftpwrap.conf";
const LOGROTATE = "/etc/logrotate.d/sftpwrap";
const RSYSLOG = "/etc/rsyslog.d/30-sftpwrap.conf";

/** Each byte of it is six characters of JSON: two of these are more than 8 KiB. */
const UNPRINTABLE = `/${"\x01".repeat(850)}`;

const asRoot: Need = { ignore: Deno.uid() !== 0, reason: "not root" };

Deno.test({
  name: "logrotate rotates, under a living session, the files that systemd-tmpfiles has made",
  ...asRoot.ignore ? asRoot : needs("sshd", "ssh-keygen", "sftp", "logrotate", "systemd-tmpfiles"),
  fn: () =>
    withJail(async ({ base, jail, local }) => {
      const root = `${base}/root`;
      await Deno.mkdir(`${root}/etc/tmpfiles.d`, { recursive: true });
      await Deno.mkdir(`${root}/var/log`, { recursive: true });
      const group = (await runOk("id", ["-gn", "nobody"])).trim();
      const gid = (await runOk("id", ["-g", "nobody"])).trim();
      await Deno.writeTextFile(`${root}/etc/group`, `root:x:0:\nsftponly:x:${gid}:\n`);
      await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/root:/bin/sh\n");
      await Deno.writeTextFile(root + TMPFILES, await fileOfRecipe(TMPFILES));
      await runOk("systemd-tmpfiles", ["--create", `--root=${root}`]);
      const stat = ["-c", "%a %u %g", `${root}/var/log/sftpwrap.log`, `${root}/var/log/sftp`];
      assertEquals(await runOk("stat", stat), `620 0 ${gid}\n2770 0 ${gid}\n`);

      const rotation = (await fileOfRecipe(LOGROTATE)).replaceAll("/var/log", `${root}/var/log`);
      await Deno.writeTextFile(`${base}/logrotate`, rotation.replaceAll("sftponly", group));
      await Deno.chmod(`${base}/logrotate`, 0o644);
      for (const log of [`${root}/var/log/sftpwrap.log`, `${root}/var/log/sftp/%u.log`]) {
        await withSshd({ command: jailLine(jail, { options: ["-l", log] }) }, async (sshd) => {
          const file = log.replace("%u", sshd.user);
          const session = new Deno.Command(programPath("sftp"), {
            args: ["-b", "-", "-F", sshd.sshConfig, sshd.alias],
            cwd: local,
            stdin: "piped",
            stdout: "null",
            stderr: "inherit",
          }).spawn();
          const input = session.stdin.getWriter();
          const type = (line: string) => input.write(new TextEncoder().encode(`${line}\n`));
          await type("mkdir before");
          await until(async () => (await textOf(file)).includes('"/before"'), { what: "a line" });
          const told = await run("logrotate", ["-f", "-s", `${base}/state`, `${base}/logrotate`]);
          assertEquals([told.code, told.stderr], [0, ""]);
          assertMatch(await textOf(`${file}.1`), /mkdir name "\/before"/);
          assertEquals(await textOf(file), "");
          await type("mkdir after");
          await type("rmdir before");
          await type("rmdir after");
          await input.close();
          assertEquals((await session.status).code, 0);
          await until(async () => (await textOf(file)).includes("session closed"), { what: "end" });
          assertMatch(await textOf(file), /^\d{4}-.* mkdir name "\/after" mode \d+\n/);
        });
      }
    }),
});

Deno.test({
  name: "rsyslog writes text to one file and whole objects to the other",
  ...needs("sshd", "ssh-keygen", "sftp", "rsyslogd"),
  fn: () =>
    withJail(async (places) => {
      const { base } = places;
      const snippet = (await fileOfRecipe(RSYSLOG)).replaceAll("/var/log", base);
      await Deno.writeTextFile(`${base}/snippet.conf`, snippet);
      await Deno.writeTextFile(
        `${base}/rsyslog.conf`,
        `global(workDirectory="${base}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${base}/socket")
include(file="${base}/snippet.conf")
*.* action(type="omfile" file="${base}/rest")
`,
      );
      await using daemon = new Deno.Command(programPath("rsyslogd"), {
        args: ["-n", "-f", `${base}/rsyslog.conf`, "-i", `${base}/pid`],
        stdin: "null",
      }).spawn();
      try {
        const socket = `${base}/socket`;
        await until(() => isThere(socket), { what: "rsyslogd listens" });
        await session(places, socket, ["--syslog=LOCAL5"], ["mkdir one"]);
        const json = ["--syslog=LOCAL6", "--log-format=json", "--log-user=Ann B."];
        await session(places, socket, json, [`-rename ${UNPRINTABLE} ${UNPRINTABLE}`, "rmdir one"]);
        for (const file of ["sftpwrap.log", "sftpwrap.json"]) {
          await until(async () => /session.closed/.test(await textOf(`${base}/${file}`)), {
            what: file,
          });
        }
        assertMatch(await textOf(`${base}/sftpwrap.log`), / sftpwrap\[\d+\]: mkdir name "\/one" /);
        const objects = (await textOf(`${base}/sftpwrap.json`)).trimEnd().split("\n")
          .map((line): Record<string, unknown> => JSON.parse(line));
        const renamed = objects.find(({ event }) => event === "posix-rename");
        assertEquals([renamed?.path, renamed?.to], [UNPRINTABLE, UNPRINTABLE]);
        assertEquals(objects.find(({ event }) => event === "rmdir")?.logUser, "Ann B.");
        assertEquals(await isThere(`${base}/rest`), false);
      } finally {
        daemon.kill("SIGTERM");
      }
    }),
});

/** A journald for the test alone, whose /run is a folder of the test. */
const JOURNALD = 'mount --make-rprivate / && mount --bind "$0" /run && exec "$1"';

Deno.test({
  name: "journald keeps text, errors and objects apart for who reads it",
  ...asRoot.ignore ? asRoot : both(
    needs("sshd", "ssh-keygen", "sftp", "journalctl", "nsenter", "/lib/systemd/systemd-journald"),
    needsSyslogDev(),
  ),
  fn: () =>
    withJail(async (places) => {
      const runFolder = `${places.base}/run`;
      await Deno.mkdir(`${runFolder}/log/journal`, { recursive: true });
      const script = ["sh", "-c", JOURNALD, runFolder, "/lib/systemd/systemd-journald"];
      await using daemon = new Deno.Command(programPath("unshare"), {
        args: ["--mount", ...script],
        stdin: "null",
        stderr: "null",
      }).spawn();
      try {
        const socket = `${runFolder}/systemd/journal/dev-log`;
        await until(() => isThere(socket), { what: "journald listens" });
        await session(places, socket, ["--syslog"], ["mkdir one"]);
        await session(places, socket, ["--syslog", "--log-user=ann"], ["mkdir two"]);
        await session(places, socket, ["--syslog", "--log-format=json"], ["rmdir one"]);
        const [commands = ""] = await recipe(/^journald$/);
        const inside = ["--target", `${daemon.pid}`, "--mount", "sh", "-c"];
        const read = async (option: string) => {
          const line = commands.split("\n").find((line) => line.includes(option)) ?? "";
          const [command = ""] = line.split("#");
          return await runOk("nsenter", [...inside, `${command} --no-pager --quiet`]);
        };
        await until(async () => (await read("=cat")).includes('"session-closed"'), { what: "it" });
        assertMatch(await read("=sftpwrap  "), / sftpwrap\[\d+\]: mkdir name "\/one" mode 0777$/m);
        assertEquals((await read("=err")).trim(), "");
        const ofAnn = ["journalctl --no-pager --identifier='sftpwrap(ann)'"];
        assertMatch(
          await runOk("nsenter", [...inside, ...ofAnn]),
          /: mkdir name "\/two" mode 0777$/m,
        );
        const objects = (await read("=cat")).split("\n").filter((line) => line.startsWith("{"))
          .map((line): Record<string, unknown> => JSON.parse(line));
        assert(objects.some(({ event, path }) => event === "rmdir" && path === "/one"));
      } finally {
        daemon.kill("SIGTERM");
      }
    }),
});

/** A session behind a real sshd, whose syslog listens at a path. */
async function session(
  { jail, local }: JailPlaces,
  socket: string,
  options: readonly string[],
  batch: readonly string[],
): Promise<void> {
  const program = fileURLToPath(new URL("../clients/syslog_session.ts", import.meta.url));
  const words = [Deno.execPath(), "run", "--no-prompt", "-A", program, jail, socket, ...options];
  await withSshd({ command: commandLine(words) }, async ({ sshConfig, alias }) => {
    const input = batch.map((line) => `${line}\n`).join("");
    await runOk("sftp", ["-b", "-", "-F", sshConfig, alias], { cwd: local, input });
  });
}

function both(first: Need, second: Need): Need {
  return first.ignore ? first : second;
}

async function textOf(path: string): Promise<string> {
  return await isThere(path) ? await Deno.readTextFile(path) : "";
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
