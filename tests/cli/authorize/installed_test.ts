import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { listOf, without } from "../../../lib/cli/authorize/installed.ts";
import { fingerprint } from "../../../lib/cli/authorize/public_key.ts";
import { StartError } from "../../../lib/cli/errors.ts";
import { withTempDir } from "../../support/files.ts";
import { namesIn } from "../../support/jail_fixture.ts";
import { concat, str } from "../../support/raw.ts";
import { run, runOk, type RunResult } from "../../support/run.ts";
import { sftpwrap } from "../../support/wire_session.ts";

function blobOf(seed: number): string {
  const bytes = concat(str("ssh-ed25519"), str(new Uint8Array(32).fill(seed)));
  return btoa(String.fromCharCode(...bytes));
}

const KEYS = [1, 2, 3, 4, 5, 6].map((seed) => `ssh-ed25519 ${blobOf(seed)}`);
const PRINTS = [1, 2, 3, 4, 5, 6].map((seed) => fingerprint({ blob: blobOf(seed) }));

const LINES = [
  "# partners",
  `restrict,from="10.0.0.0/8",command="/opt/sw jail --read-only '--deny=a b' '/srv/it'\\''s'" ${
    KEYS[0]
  } alice x`,
  `restrict,command="sftpwrap proxy bob:hush@far" ${KEYS[1]} bob`,
  `restrict,command="sftpwrap gridfs mongodb://bob:hush@db/" ${KEYS[2]} bob`,
  `restrict,command="sftpwrap jail --bogus /srv" ${KEYS[3]}`,
  `command="rsync --token=hush" ${KEYS[4]} backup`,
  `${KEYS[5]} mine\x1b[2J`,
  "",
];
const TEXT = LINES.join("\n");

Deno.test("listOf() says what each key gives, and shows no password", () => {
  assertEquals(
    listOf(TEXT),
    [
      `${PRINTS[0]}\tjail /srv/it's --read-only --deny=a b from=10.0.0.0/8\talice x`,
      `${PRINTS[1]}\tproxy bob@far\tbob`,
      `${PRINTS[2]}\tgridfs db\tbob`,
      `${PRINTS[3]}\tjail (would not start: unknown option --bogus)\t`,
      `${PRINTS[4]}\tanother command\tbackup`,
      `${PRINTS[5]}\tany command\tmine[2J`,
      "",
    ].join("\n"),
  );
  assertEquals(listOf("# nothing\n\n"), "");
});

Deno.test("without() removes the one line that is meant, and no other byte", () => {
  const rest = (index: number) => LINES.toSpliced(index, 1).join("\n");
  assertEquals(without(TEXT, { text: "alice x" }), rest(1));
  assertEquals(without(TEXT, { text: PRINTS[2]! }), rest(3));
  assertEquals(without(TEXT, { blob: blobOf(4) }), rest(4));
});

Deno.test("without() refuses to remove no line, several, or one that runs another program", () => {
  const refused = (text: string, expected: string) =>
    assertThrows(() => without(TEXT, { text }), StartError, expected);
  refused("carol", "no key that runs sftpwrap matches");
  refused("", "no key that runs sftpwrap matches");
  refused("bob", "2 keys match");
  for (const text of ["backup", "mine", PRINTS[4]!, PRINTS[5]!]) refused(text, "no key");
});

async function authorize(...args: readonly string[]): Promise<RunResult> {
  const [deno = "", ...words] = sftpwrap(["authorize", ...args]);
  return await run(deno, words);
}

Deno.test("authorize --list and --remove work on a file, which keeps its mode", () =>
  withTempDir(async (directory) => {
    const file = `${directory}/authorized_keys`;
    await Deno.writeTextFile(file, TEXT);
    await Deno.chmod(file, 0o640);
    await Deno.writeTextFile(`${directory}/key.pub`, `${KEYS[0]} another comment\n`);
    assertEquals((await authorize("--list", file)).stdout, listOf(TEXT));
    for (const key of [`${directory}/key.pub`, PRINTS[1]!, "bob"]) {
      const { code, stdout, stderr } = await authorize("--remove", key, file);
      assertEquals([code, stdout, stderr], [0, "", ""], key);
    }
    const left = [LINES[0], ...LINES.slice(4)].join("\n");
    assertEquals(await Deno.readTextFile(file), left);
    assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o640);
    const { code, stderr } = await authorize("--remove", "bob", file);
    assertEquals(code, 1);
    assertMatch(stderr, /: no key that runs sftpwrap matches\n$/);
    assertEquals(await Deno.readTextFile(file), left);
    assertEquals(namesIn(directory), ["authorized_keys", "key.pub"]);
  }));

Deno.test("authorize --list and --remove need a list, make none, and wait for no FIFO", () =>
  withTempDir(async (directory) => {
    await runOk("mkfifo", [`${directory}/fifo`]);
    await Deno.writeTextFile(`${directory}/text`, "no key\n");
    const wrong: readonly (readonly [args: readonly string[], expected: RegExp])[] = [
      [["--list"], /FILE is missing/],
      [["--remove", "bob"], /FILE is missing/],
      [["--list", `${directory}/none`], /cannot read .*none: /],
      [["--remove", "bob", `${directory}/none`], /cannot read .*none: /],
      [["--list", `${directory}/fifo`], /is not a regular file/],
      [["--remove", "bob", `${directory}/fifo`], /is not a regular file/],
      [["--remove", `${directory}/text`, `${directory}/text`], /"no" is not a key's type/],
      [["--list", "--remove", "bob", "x"], /--list takes no other option/],
      [["--list", "--jail", "/srv", "x"], /--list takes no other option/],
      [["--list", "--deny", "a", "x"], /--list takes no other option/],
      [["--list", "x", "y"], /unexpected operand "y"/],
    ];
    for (const [args, expected] of wrong) {
      const { code, stdout, stderr } = await authorize(...args);
      assertEquals([code, stdout], [1, ""], args.join(" "));
      assertMatch(stderr, expected);
    }
    assertEquals(namesIn(directory), ["fifo", "text"]);
  }));
