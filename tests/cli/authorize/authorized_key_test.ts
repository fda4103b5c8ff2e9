import { assertEquals, assertThrows } from "@std/assert";
import { authorizedLine, parseLine, withLine } from "../../../lib/cli/authorize/authorized_key.ts";
import { parsePublicKey } from "../../../lib/cli/authorize/public_key.ts";
import { UsageError } from "../../../lib/cli/errors.ts";
import { keyBlob } from "../../support/key_blob.ts";

const BLOB = keyBlob("ssh-ed25519", new Uint8Array(32).fill(7));
const LINE = `ssh-ed25519 ${BLOB} alice@example.org`;
const KEY = parsePublicKey(LINE);
const OTHER = `ssh-ed25519 ${keyBlob("ssh-ed25519", new Uint8Array(32).fill(8))} bob`;

Deno.test("authorizedLine() quotes for the shell, and then for authorized_keys", () => {
  const line = (...words: string[]) => authorizedLine(KEY, words);
  assertEquals(
    line("/usr/bin/sftpwrap", "jail", "/srv/alice"),
    `restrict,command="/usr/bin/sftpwrap jail /srv/alice" ${LINE}`,
  );
  assertEquals(line("a b"), `restrict,command="'a b'" ${LINE}`);
  assertEquals(line(`a"b`), `restrict,command="'a\\"b'" ${LINE}`);
  assertEquals(line(`a\\"b`), `restrict,command="'a\\\\"b'" ${LINE}`);
  assertEquals(line("it's"), `restrict,command="'it'\\''s'" ${LINE}`);
  assertEquals(line("", "ü"), `restrict,command="'' 'ü'" ${LINE}`);
});

Deno.test("authorizedLine() refuses what a line cannot contain", () => {
  for (const word of ["a\nb", "a\rb", "a\0b"]) {
    assertThrows(() => authorizedLine(KEY, [word]), UsageError, "line break");
  }
});

Deno.test("withLine() adds a line at the end, after a missing newline", () => {
  assertEquals(withLine("", KEY, "NEW"), "NEW\n");
  assertEquals(withLine(`${OTHER}\n`, KEY, "NEW"), `${OTHER}\nNEW\n`);
  assertEquals(withLine(OTHER, KEY, "NEW"), `${OTHER}\nNEW\n`);
});

Deno.test("withLine() replaces the line of the same key, whatever its options and comment", () => {
  const text = [
    "# keys",
    "",
    OTHER,
    `command="x \\"y z\\"",restrict ssh-ed25519 ${BLOB} old`,
    "\t# and so on",
    `ssh-ed25519\t${BLOB}`,
    `# ssh-ed25519 ${BLOB} a remark`,
    "",
  ].join("\n");
  assertEquals(
    withLine(text, KEY, "NEW"),
    ["# keys", "", OTHER, "NEW", "\t# and so on", `# ssh-ed25519 ${BLOB} a remark`, ""].join("\n"),
  );
});

Deno.test("withLine() leaves every other line as it is, byte for byte", () => {
  const text = `${OTHER}\r\n  ${OTHER} again \t\n\n@@ not a key at all "\n`;
  assertEquals(withLine(text, KEY, "NEW"), `${text}NEW\n`);
  const twice = withLine(withLine(text, KEY, LINE), KEY, LINE);
  assertEquals(twice, `${text}${LINE}\n`);
});

Deno.test("authorizedLine() puts limits of the key before the command", () => {
  assertEquals(
    authorizedLine(KEY, ["sftpwrap"], {
      from: "10.0.0.0/8,*.example.org",
      "expiry-time": "20990101",
    }),
    `restrict,from="10.0.0.0/8,*.example.org",expiry-time="20990101",command="sftpwrap" ${LINE}`,
  );
});

Deno.test("parseLine() reads what authorizedLine() writes, and what others write", () => {
  for (const words of [["a b", "it's", 'x"y', "\\", "$HOME", "", "ü"], ["plain"]]) {
    const { options, command, ...key } = parseLine(authorizedLine(KEY, words, { from: "*" }))!;
    assertEquals([key, command, options.get("from")], [KEY, words, "*"]);
  }
  const by = (line: string) => parseLine(line)?.command;
  assertEquals(by(`command="a \\"b c\\" d\\ e",no-pty ${LINE}`), ["a", "b c", "d e"]);
  assertEquals(by(` \t${LINE}\r`), []);
  assertEquals(by(`environment="A=,command=\\"x\\"" ${LINE}`), []);
  assertEquals(by(`Command="x" ${LINE}`), ["x"]);
  assertEquals(
    [by(`# ${LINE}`), by(""), by("garbage"), by('command="x')],
    Array(4).fill(undefined),
  );
});
