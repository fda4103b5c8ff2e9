import { assertEquals, assertThrows } from "@std/assert";
import {
  authorizedLine,
  parsePublicKey,
  withLine,
} from "../../../lib/cli/authorize/authorized_key.ts";
import { UsageError } from "../../../lib/cli/errors.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { concat, str } from "../../support/raw.ts";
import { runOk } from "../../support/run.ts";

function base64(...fields: readonly (string | Uint8Array)[]): string {
  return btoa(String.fromCharCode(...concat(...fields.map(str))));
}

const BLOB = base64("ssh-ed25519", new Uint8Array(32).fill(7));
const LINE = `ssh-ed25519 ${BLOB} alice@example.org`;
const KEY = parsePublicKey(LINE);
const OTHER = `ssh-ed25519 ${base64("ssh-ed25519", new Uint8Array(32).fill(8))} bob`;

function assertRefused(text: string, expected: string): void {
  assertThrows(() => parsePublicKey(text), UsageError, expected);
}

Deno.test("parsePublicKey() reads type, key and comment", () => {
  assertEquals(KEY, { type: "ssh-ed25519", blob: BLOB, comment: "alice@example.org" });
  assertEquals(parsePublicKey(`ssh-ed25519 ${BLOB}`).comment, "");
  assertEquals(parsePublicKey(`\n# a remark\n\t ssh-ed25519\t${BLOB}   a  b c \r\n\n`), {
    type: "ssh-ed25519",
    blob: BLOB,
    comment: "a b c",
  });
});

for (const [type, ...options] of [["ed25519"], ["rsa", "-b", "2048"], ["ecdsa", "-b", "521"]]) {
  Deno.test({
    name: `parsePublicKey() reads what ssh-keygen -t ${type} writes`,
    ...needs("ssh-keygen"),
    fn: () =>
      withTempDir(async (directory) => {
        const file = `${directory}/key`;
        await runOk("ssh-keygen", ["-q", "-N", "", "-t", type!, ...options, "-f", file]);
        const text = await Deno.readTextFile(`${file}.pub`);
        const { type: found, blob, comment } = parsePublicKey(text);
        assertEquals(`${found} ${blob} ${comment}\n`, text);
        const secret = await Deno.readTextFile(file);
        assertRefused(secret, "this is a private key: the .pub is needed");
      }),
  });
}

Deno.test("parsePublicKey() accepts keys of every type that OpenSSH accepts, each with its fields", () => {
  const bytes = new Uint8Array(65).fill(4);
  for (
    const [type, ...fields] of [
      ["ssh-rsa", Uint8Array.of(1, 0, 1), bytes],
      ["ecdsa-sha2-nistp256", "nistp256", bytes],
      ["ecdsa-sha2-nistp384", "nistp384", bytes],
      ["ecdsa-sha2-nistp521", "nistp521", bytes],
      ["sk-ssh-ed25519@openssh.com", bytes.subarray(0, 32), "ssh:"],
      ["sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", bytes, "ssh:"],
    ] as const
  ) {
    const blob = base64(type, ...fields);
    assertEquals(parsePublicKey(`${type} ${blob} c`), { type, blob, comment: "c" });
    assertRefused(`${type} ${base64(type, ...fields, "more")}`, "malformed");
    assertRefused(`${type} ${base64(type, ...fields.slice(1))}`, "malformed");
  }
});

Deno.test("parsePublicKey() refuses a key that is cut off anywhere", () => {
  for (let length = 0; length < BLOB.length; length++) {
    assertThrows(() => parsePublicKey(`ssh-ed25519 ${BLOB.slice(0, length)}`), UsageError);
  }
});

Deno.test("parsePublicKey() refuses what is not a key on one line", () => {
  assertRefused("", "there is no key");
  assertRefused("# nothing\n\n", "there is no key");
  assertRefused(`${LINE}\n${OTHER}\n`, "more than one key");
  assertRefused(`restrict ${LINE}`, '"restrict" is not a key\'s type');
  assertRefused(`command="x" ${LINE}`, "is not a key's type");
  assertRefused(`ssh-dss ${BLOB}`, '"ssh-dss" is not a key\'s type');
  assertRefused(`ssh-ed25519-cert-v01@openssh.com ${BLOB}`, "is not a key's type");
  assertRefused("---- BEGIN SSH2 PUBLIC KEY ----", "is not a key's type");
});

Deno.test("parsePublicKey() refuses a key that names another type inside, or is not base64", () => {
  assertRefused(`ssh-rsa ${BLOB}`, "malformed");
  assertRefused(`ssh-ed25519 ${base64("ssh-rsa", new Uint8Array(32))}`, "malformed");
  for (const blob of ["AAAA", "%%%%", `${BLOB}=`, `${BLOB.slice(0, 20)}\r${BLOB.slice(20)}`]) {
    assertRefused(`ssh-ed25519 ${blob}`, "malformed");
  }
  assertRefused(`ssh-ed25519 ${BLOB.replace("AAAA", "_AAA")}`, "malformed");
});

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
