import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { jailSpec } from "../../../lib/cli/jail/options.ts";
import { withTempDir } from "../../support/files.ts";
import { namesIn } from "../../support/jail_fixture.ts";
import { needs } from "../../support/programs.ts";
import { bytesOf, concat, str } from "../../support/raw.ts";
import { run, runOk, type RunResult } from "../../support/run.ts";
import { withSshd } from "../../support/sshd.ts";
import { sftpwrap } from "../../support/wire_session.ts";

function keyLine(seed: number): string {
  const bytes = concat(str("ssh-ed25519"), str(new Uint8Array(32).fill(seed)));
  return `ssh-ed25519 ${btoa(String.fromCharCode(...bytes))} user-${seed}@example.org`;
}

const KEY = keyLine(1);

/** The words by which a session knows who a key belongs to, if it has such an option. */
function owner(comment: string): string {
  const isKnown = jailSpec.options.some(({ name }) => name === "log-user");
  return isKnown ? `--log-user=${comment} ` : "";
}

const OWNER = owner("user-1@example.org");

/** Runs `sftpwrap authorize` with a key on its standard input. */
async function authorize(args: readonly string[], key: string = KEY): Promise<RunResult> {
  const [deno = "", ...words] = sftpwrap(["authorize", ...args]);
  return await run(deno, words, { input: key });
}

async function lineFor(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await authorize([...args, "-"]);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

/**
 * The command as sshd reads the option: the only escape that it knows is that of the quotation
 * mark.
 */
function commandIn(line: string): string {
  const [, quoted] = /^restrict,command="((?:[^"\\]|\\"|\\(?!"))*)" ssh-/.exec(line) ?? [];
  assert(quoted !== undefined, line);
  return quoted.replaceAll('\\"', '"');
}

/** Directories that a shell, or sshd, could misread. */
const WEIRD = [
  "with space",
  "  around  ",
  "it's",
  "''",
  'a "quoted" one',
  'ends in "',
  "back\\slash",
  "ends in \\",
  'both \\" at once',
  "\\'",
  "$HOME `id` $(id) ${x}",
  "* ? [a] {a,b} ~",
  "; id & | > < ( ) # !",
  "-looks-like-an-option",
  "--",
  "tab\there",
  "\x01\x1b[0m\x7f",
  "Grüße 日本 𝄞",
  "100%%",
  "a=b,c:d",
];

Deno.test("authorize prints a line whose command a shell reads back word for word", () =>
  withTempDir(async (directory) => {
    // A program that prints its arguments, one a line.
    const binary = `${directory}/it's "a" $program`;
    await Deno.writeTextFile(binary, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    for (const name of WEIRD) {
      const jail = `${directory}/${name}`;
      await Deno.mkdir(jail.replaceAll("%%", "%"));
      const options = ["-l", `/var/log/${name}`, "-R", "-u", "027", "-d", name];
      const line = await lineFor([`--jail=${jail}`, "--binary", binary, ...options]);
      assertEquals(line.split("\n").length, 2, name);
      assert(line.endsWith(` ${KEY}\n`));
      const said = await runOk("sh", ["-c", commandIn(line)]);
      const words = said.slice(0, -1).split("\n");
      assertEquals(words.at(0), "jail");
      assertEquals(words.at(-1), jail);
      for (const word of [`--logfile=/var/log/${name}`, "--read-only", "--umask=027"]) {
        assert(words.includes(word), `${word} is not among ${words.join("|")}`);
      }
      assert(words.includes(`--start-directory=${name}`));
    }
  }));

Deno.test("authorize writes only the program's name when it runs under Deno", async () => {
  const line = await lineFor(["--jail", "/usr/share"]);
  assertEquals(line, `restrict,command="sftpwrap jail ${OWNER}/usr/share" ${KEY}\n`);
});

Deno.test("authorize names the key's owner in the command by the comment, quoted and on one line", async () => {
  const bare = KEY.replace(/ user-1.*/, "");
  const command = async (comment: string) =>
    commandIn((await authorize(["--jail", "/usr/share", "-"], `${bare} ${comment}`)).stdout);
  const quotedOwner = `sftpwrap jail ${OWNER === "" ? "" : "'--log-user=Bob[2J O' "}/usr/share`;
  assertEquals(await command(""), "sftpwrap jail /usr/share");
  assertEquals(await command("Bob\x1b[2J\u202e  O"), quotedOwner);
});

Deno.test({
  name: "a line that authorize installed lets a real sshd serve directories of any name",
  ...needs("sshd", "ssh-keygen", "sftp"),
  fn: () =>
    withTempDir(async (directory) => {
      // sshd starts this with the account's shell; the shell finds the program in it.
      const program = `${directory}/start here's "sftpwrap"`;
      const words = sftpwrap([]).map((word) => `'${word}'`).join(" ");
      await Deno.writeTextFile(program, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
      const names = WEIRD.filter((name) => name !== "--");
      await withSshd({ keyOptions: "" }, async (sshd) => {
        const file = `${sshd.directory}/authorized_keys`;
        const key = await Deno.readTextFile(`${sshd.clientKey}.pub`);
        for (const name of names) {
          const jail = `${directory}/${name.replaceAll("%%", "%")}`;
          await Deno.mkdir(jail);
          const args = ["--jail", `${directory}/${name}`, "--binary", program, "--install", file];
          const { code, stderr } = await authorize([...args, "-"], key);
          assertEquals([code, stderr], [0, ""], name);
          const batch = ["-b", "-", "-F", sshd.sshConfig, sshd.alias];
          await runOk("sftp", batch, { input: "mkdir made\n" });
          assert((await Deno.stat(`${jail}/made`)).isDirectory, name);
        }
        assertEquals((await Deno.readTextFile(file)).split("\n").length, 2);
      });
    }),
});

Deno.test("authorize takes a DIR with tokens, and a home with --allow-home", () =>
  withTempDir(async (directory) => {
    await Deno.mkdir(`${directory}/.ssh`);
    for (const jail of ["/srv/%u", "%h/sftp"]) {
      const line = await lineFor(["--jail", jail]);
      assertEquals(commandIn(line), `sftpwrap jail ${OWNER}${jail}`);
    }
    const line = await lineFor(["--jail", directory, "--allow-home"]);
    assertEquals(commandIn(line), `sftpwrap jail ${OWNER}--allow-home ${directory}`);
  }));

Deno.test("authorize refuses in one line what the jail would refuse", () =>
  withTempDir(async (directory) => {
    await Deno.writeTextFile(`${directory}/key`, "ssh-ed25519 AAAA");
    await Deno.mkdir(`${directory}/with-keys/.ssh`, { recursive: true });
    await Deno.mkdir(`${directory}/homes/alice`, { recursive: true });
    const wrong = {
      "--jail DIR is missing": ["-"],
      "KEYFILE is missing": ["--jail", "/usr/share"],
      "unexpected operand": ["--jail", "/usr/share", "-", "more"],
      "the key is malformed": ["--jail", "/usr/share", `${directory}/key`],
      "cannot read": ["--jail", "/usr/share", `${directory}/none`],
      "umask": ["--jail", "/usr/share", "-u", "888", "-"],
      "unknown request": ["--jail", "/usr/share", "-P", "bogus", "-"],
      "unknown option --bogus": ["--jail", "/usr/share", "--bogus", "-"],
      "DIR is relative": ["--jail", "srv", "-"],
      "DIR is empty": ["--jail=", "-"],
      "does not exist": ["--jail", `${directory}/none`, "-"],
      "is not a directory": ["--jail", `${directory}/key`, "-"],
      // Root makes lines for others, and cannot know that this is not the home of one of them.
      ...Deno.uid() === 0 ? { "it holds .ssh": ["--jail", `${directory}/with-keys`, "-"] } : {},
      "it holds the account's home": [
        "--jail",
        `${directory}/homes`,
        "--install",
        `${directory}/homes/alice/.ssh/authorized_keys`,
        "-",
      ],
      "it holds the log file": [
        "--jail",
        `${directory}/homes`,
        "-l",
        `${directory}/homes/log`,
        "-",
      ],
      "unknown token %z": ["--jail", "/srv/%z", "-"],
      "unknown token %": ["--jail", "/srv/100%", "-"],
      "line break": ["--jail", "/srv/a\nb", "-"],
    };
    for (const [expected, args] of Object.entries(wrong)) {
      const { code, stdout, stderr } = await authorize(args);
      assertEquals([code, stdout], [1, ""], expected);
      assertStringIncludes(stderr.split("\n")[0]!, expected);
      assertMatch(stderr, /^sftpwrap: [^\n]+\n(usage: [^\n]+\n)?$/);
    }
  }));

/** Installs a line, and returns what the file contains then. */
async function installed(file: string, seed = 1, jail = "/usr/share"): Promise<string> {
  const args = ["--jail", jail, "--install", file, "-"];
  const { code, stderr } = await authorize(args, keyLine(seed));
  assertEquals([code, stderr], [0, ""]);
  return await Deno.readTextFile(file);
}

function modeOf(file: string): number {
  return (Deno.statSync(file).mode ?? 0) & 0o7777;
}

function lineOf(seed: number, jail = "/usr/share"): string {
  const named = owner(`user-${seed}@example.org`);
  return `restrict,command="sftpwrap jail ${named}${jail}" ${keyLine(seed)}\n`;
}

Deno.test("authorize --install makes a file that only its owner reads", () =>
  withTempDir(async (directory) => {
    const file = `${directory}/authorized_keys`;
    assertEquals(await installed(file), lineOf(1));
    assertEquals(modeOf(file), 0o600);
    assertEquals(namesIn(directory), ["authorized_keys"]);
  }));

Deno.test("authorize --install keeps the mode, the other lines, and the target of a link", () =>
  withTempDir(async (directory) => {
    const file = `${directory}/keys`;
    const link = `${directory}/authorized_keys`;
    const others = `# mine\n${keyLine(2)}\r\n\n\tcommand="x" ${keyLine(3)}`;
    await Deno.writeTextFile(file, others);
    await Deno.chmod(file, 0o644);
    await Deno.symlink("keys", link);
    assertEquals(await installed(link), `${others}\n${lineOf(1)}`);
    assertEquals(await installed(link, 1, "/usr/share"), `${others}\n${lineOf(1, "/usr/share")}`);
    assertEquals(modeOf(file), 0o644);
    assert((await Deno.lstat(link)).isSymlink);
    const left = namesIn(directory);
    assertEquals(left, ["authorized_keys", "keys"]);
  }));

Deno.test("authorize --install keeps bytes of other lines that are not UTF-8, and a byte order mark", () =>
  withTempDir(async (directory) => {
    const file = `${directory}/authorized_keys`;
    const others = concat(
      Uint8Array.of(0xef, 0xbb, 0xbf),
      bytesOf(`${keyLine(2)} Andr`),
      Uint8Array.of(0xe9, 0xff, 0x0a),
    );
    await Deno.writeFile(file, others);
    await installed(file);
    assertEquals(await Deno.readFile(file), concat(others, bytesOf(lineOf(1))));
  }));

Deno.test("authorize --install replaces the old file with a whole new one", () =>
  withTempDir(async (directory) => {
    const file = `${directory}/authorized_keys`;
    await Deno.writeTextFile(file, `${keyLine(2)}\n`, { mode: 0o600 });
    // A process that has the old file open still reads the old lines.
    using reader = await Deno.open(file);
    const { ino } = await Deno.stat(file);
    assertEquals(await installed(file), `${keyLine(2)}\n${lineOf(1)}`);
    assert((await Deno.stat(file)).ino !== ino);
    const old = await new Response(reader.readable).text();
    assertEquals(old, `${keyLine(2)}\n`);
  }));

Deno.test({
  name: "authorize --install by root leaves the file to its owner",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  fn: () =>
    withTempDir(async (directory) => {
      const file = `${directory}/authorized_keys`;
      await Deno.writeTextFile(file, "", { mode: 0o640 });
      await Deno.chown(file, 12345, 23456);
      await installed(file);
      const { uid, gid } = await Deno.stat(file);
      assertEquals([uid, gid, modeOf(file)], [12345, 23456, 0o640]);
    }),
});

Deno.test("authorize --install leaves everything unchanged when it cannot write", () =>
  withTempDir(async (directory) => {
    const missing = await authorize([
      "--jail",
      "/usr/share",
      "--install",
      `${directory}/no/file`,
      "-",
    ]);
    assertEquals([missing.code, missing.stdout], [1, ""]);
    assertMatch(missing.stderr, /^sftpwrap: cannot (read|write) [^\n]+\n$/);
    const folder = await authorize(["--jail", "/usr/share", "--install", directory, "-"]);
    assertEquals(folder.code, 1);
    assertMatch(folder.stderr, /^sftpwrap: cannot (read|write) [^\n]+\n$/);
    assertEquals(namesIn(directory), []);
  }));

Deno.test("authorize --install of many keys at once loses none, nor any line that was there", () =>
  withTempDir(async (directory) => {
    for (const existing of [`# mine\n${keyLine(99)}\n`, undefined]) {
      const file = `${directory}/authorized_keys`;
      if (existing !== undefined) await Deno.writeTextFile(file, existing, { mode: 0o600 });
      const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
      await Promise.all(seeds.map((seed) => installed(file, seed)));
      const lines = (await Deno.readTextFile(file)).split("\n");
      const expected = [
        ...(existing ?? "\n").split("\n"),
        ...seeds.map((seed) => lineOf(seed).trimEnd()),
      ];
      const filled = (all: readonly string[]) => all.filter((line) => line !== "").sort();
      assertEquals(filled(lines), filled(expected));
      assertEquals(modeOf(file), 0o600);
      assertEquals(namesIn(directory).length, 1);
      await Deno.remove(file);
    }
  }));

Deno.test("authorize cuts a comment that is too long for the log", async () => {
  const [type, blob] = KEY.split(" ");
  const { code, stdout, stderr } = await authorize(
    ["--jail", "/usr/share", "-"],
    `${type} ${blob} ${"ü".repeat(200)}`,
  );
  assertEquals([code, stderr], [0, ""]);
  assertEquals(/--log-user=(ü+)/.exec(commandIn(stdout))?.[1]?.length, 128);
});
