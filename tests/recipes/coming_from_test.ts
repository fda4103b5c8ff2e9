/** What the manual gives to those who come from other servers, behind a real sshd. */

import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { jailLine, type JailPlaces, withJail } from "../support/jail.ts";
import { needs } from "../support/programs.ts";
import { commandLine, runOk } from "../support/run.ts";
import { type SshdOptions, withSshd } from "../support/sshd.ts";
import { recipe } from "./page.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const PROGRAM = commandLine([Deno.execPath(), "run", "--no-prompt", "-A", MAIN]);
const HERE = needs("sshd", "ssh-keygen", "sftp");

/** The lines under a heading, with this program, and with folders of the test. */
async function linesOf(heading: RegExp, folders: Readonly<Record<string, string>>) {
  const blocks = await recipe(heading);
  return blocks.map((block) => {
    let text = block.replaceAll("/usr/local/bin/sftpwrap", PROGRAM);
    for (const [from, to] of Object.entries(folders)) text = text.replaceAll(from, to);
    return text.trimEnd().split("\n");
  });
}

/** The command in a line of authorized_keys. */
function commandOf(line: string | undefined): string {
  return /^command="(.*)",restrict$/.exec(line ?? "")?.[1] ?? "";
}

/** What sftp prints for a batch, behind an sshd. */
async function session(
  { local }: Pick<JailPlaces, "local">,
  how: SshdOptions,
  batch: readonly string[],
): Promise<string> {
  let shown = "";
  await withSshd(how, async ({ sshConfig, alias }) => {
    const input = batch.map((line) => `${line}\n`).join("");
    shown = await runOk("sftp", ["-b", "-", "-F", sshConfig, alias], { cwd: local, input });
  });
  return shown;
}

Deno.test({
  name: "coming from pysftpjail: the same line with another program, and a log",
  ...HERE,
  fn: () =>
    withJail(async (places) => {
      const folders = { "/home/sftp/alice.log": `${places.base}/log`, "/home/sftp": places.base };
      await Deno.rename(places.jail, `${places.base}/alice`);
      const [lines] = await linesOf(/^pysftpjail$/, folders);
      await session(places, { command: commandOf(lines?.[1]) }, ["mkdir one", "cd /", "ls"]);
      const log = await Deno.readTextFile(`${places.base}/log`);
      assertMatch(log, / mkdir name "\/one" mode 0777$/m);
    }),
});

Deno.test({
  name: "coming from pysftpproxy: the same line, with the password in a file",
  ...needs("sshd", "ssh-keygen", "sftp", "ssh"),
  fn: () =>
    withJail((places) =>
      withSshd({ command: jailLine(places.jail) }, async (far) => {
        await Deno.writeTextFile(`${places.base}/secret`, "not asked for\n", { mode: 0o600 });
        const place = `-n ${far.knownHosts} -p ${far.port} ${far.user}@${far.host}`;
        const [lines] = await linesOf(/^pysftpproxy$/, {
          "/home/sftp/.ssh/id_rsa": far.clientKey,
          "/home/sftp/secret": `${places.base}/secret`,
          "alice@files.example.org": place,
        });
        await session(places, { command: commandOf(lines?.[1]) }, ["mkdir one"]);
        assertEquals((await Deno.stat(`${places.jail}/one`)).isDirectory, true);
      })
    ),
});

Deno.test({
  name: "coming from internal-sftp with ChrootDirectory: a client sees and makes the same",
  ignore: HERE.ignore || Deno.uid() !== 0,
  fn: () =>
    withJail(async (places) => {
      // sshd wants every folder above to be root's alone, which /tmp is not.
      const base = await Deno.makeTempDir({ dir: "/srv", prefix: "sftpwrap_test_" });
      try {
        await Deno.chmod(base, 0o755);
        await Deno.writeTextFile(`${places.local}/up`, "text");
        await Deno.chmod(`${places.local}/up`, 0o666);
        const results: unknown[] = [];
        for (const [, ...config] of await linesOf(/^internal-sftp /, { "/srv/sftp": base })) {
          const upload = `${base}/root/upload`;
          await Deno.mkdir(upload, { recursive: true });
          const batch = ["pwd", "put up", "mkdir made", "cd /", "pwd", "ls -1"];
          const shown = await session(places, { config }, batch);
          const modes = await runOk("stat", ["-c", "%n %a", `${upload}/up`, `${upload}/made`]);
          results.push({ shown, modes });
          await Deno.remove(`${base}/root`, { recursive: true });
        }
        assertEquals(results.length, 2);
        assertEquals(results[1], results[0]);
        assertMatch(JSON.stringify(results[0]), /upload\/up 640\\n.*upload\/made 750/);
      } finally {
        await Deno.remove(base, { recursive: true });
      }
    }),
});

Deno.test({
  name: "coming from rclone serve sftp: rclone and sftpwrap serve one folder by like lines",
  ...needs("sshd", "ssh-keygen", "sftp", "rclone"),
  fn: () =>
    withJail(async (places) => {
      await Deno.writeTextFile(`${places.local}/up`, "text");
      await Deno.writeTextFile(`${places.jail}/photo`, "photo");
      const [lines = []] = await linesOf(/^`rclone serve sftp /, {
        "/home/sftp/photos": places.jail,
      });
      assertEquals(lines.length, 2);
      for (const [index, line] of lines.entries()) {
        const batch = [`put up up${index}`, "ls -1 photo", "rm photo"];
        const shown = await session(places, { command: commandOf(line) }, batch);
        assertMatch(shown, /^\/?photo *$/m);
        assertEquals(await Deno.readTextFile(`${places.jail}/up${index}`), "text");
        await Deno.writeTextFile(`${places.jail}/photo`, "photo");
      }
    }),
});

Deno.test({
  name: "coming from MySecureShell: modes, hidden names and refused links as its directives say",
  ...HERE,
  fn: () =>
    withJail(async (places) => {
      const user = (await runOk("id", ["-un"])).trim();
      const jail = `${places.base}/${user}`;
      await Deno.mkdir(jail);
      await Deno.writeTextFile(`${jail}/.hidden`, "");
      await Deno.writeTextFile(`${places.local}/up`, "text");
      const blocks = await linesOf(/^MySecureShell$/, { "/srv/sftp": places.base });
      const [, ...config] = blocks.find(([first]) => first?.startsWith("Match ")) ?? [];
      const batch = [
        "put up",
        "mkdir made",
        "chmod 600 up",
        "-symlink up link",
        "-get .hidden",
        "ls -1a",
      ];
      const shown = await session(places, { config }, batch);
      assertMatch(shown, /\nsftp> ls -1a\n\.\n\.\.\nmade\nup\n$/);
      const modes = await runOk("stat", ["-c", "%a", `${jail}/up`, `${jail}/made`]);
      assertEquals(modes, "640\n750\n");
      assertEquals(await Array.fromAsync(Deno.readDir(places.local), ({ name }) => name), ["up"]);
    }),
});
