import { assertEquals, assertThrows } from "@std/assert";
import { cleaned, fingerprint, parsePublicKey } from "../../../lib/cli/authorize/public_key.ts";
import { UsageError } from "../../../lib/cli/errors.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { runOk } from "../../support/run.ts";
import { keyBlob } from "../../support/key_blob.ts";

const BLOB = keyBlob("ssh-ed25519", new Uint8Array(32).fill(7));
const LINE = `ssh-ed25519 ${BLOB} alice@example.org`;
const KEY = parsePublicKey(LINE);
const OTHER = `ssh-ed25519 ${keyBlob("ssh-ed25519", new Uint8Array(32).fill(8))} bob`;

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
    const blob = keyBlob(type, ...fields);
    assertEquals(parsePublicKey(`${type} ${blob} c`), { type, blob, comment: "c" });
    assertRefused(`${type} ${keyBlob(type, ...fields, "more")}`, "malformed");
    assertRefused(`${type} ${keyBlob(type, ...fields.slice(1))}`, "malformed");
  }
});

Deno.test("parsePublicKey() refuses a key that is cut off anywhere", () => {
  for (let length = 0; length < BLOB.length; length++) {
    assertThrows(() => parsePublicKey(`ssh-ed25519 ${BLOB.slice(0, length)}`), UsageError);
  }
});

Deno.test("parsePublicKey() refuses what is not a key on one line", () => {
  assertRefused("", "the file holds no key");
  assertRefused("# nothing\n\n", "the file holds no key");
  assertRefused(`${LINE}\n${OTHER}\n`, "more than one key");
  assertRefused(`restrict ${LINE}`, '"restrict" is not a key\'s type');
  assertRefused(`command="x" ${LINE}`, "is not a key's type");
  assertRefused(`ssh-dss ${BLOB}`, '"ssh-dss" is not a key\'s type');
  assertRefused(`${LINE}\nand text\n`, "more than one key, or text after it");
});

Deno.test("parsePublicKey() refuses a key that names another type inside, or is not base64", () => {
  assertRefused(`ssh-rsa ${BLOB}`, "malformed");
  assertRefused(`ssh-ed25519 ${keyBlob("ssh-rsa", new Uint8Array(32))}`, "malformed");
  for (const blob of ["AAAA", "%%%%", `${BLOB}=`, `${BLOB.slice(0, 20)}\r${BLOB.slice(20)}`]) {
    assertRefused(`ssh-ed25519 ${blob}`, "malformed");
  }
  assertRefused(`ssh-ed25519 ${BLOB.replace("AAAA", "_AAA")}`, "malformed");
});

const SSH2 = `---- BEGIN SSH2 PUBLIC KEY ----
Subject: me
X-Long: one \
two \
three
COMMENT: "Bob \"the\" O'Neil \\ a comment that \
goes on"
${BLOB.slice(0, 40)}
${BLOB.slice(40)}
---- END SSH2 PUBLIC KEY ----
`;

Deno.test("parsePublicKey() reads RFC 4716, with headers that go on in the next line", () => {
  const expected = {
    type: "ssh-ed25519",
    blob: BLOB,
    comment: `Bob "the" O'Neil \\ a comment that goes on`,
  };
  assertEquals(parsePublicKey(SSH2), expected);
  assertEquals(parsePublicKey(`\ufeff${SSH2.replaceAll("\n", "\r\n")}`), expected);
  const plain = SSH2.replace(/^(?:.*: .*|.*\\|three|goes.*)\n/gm, "");
  assertEquals(parsePublicKey(plain).comment, "");
  assertEquals(parsePublicKey(plain.replace("\n", "\nComment: a b\n")).comment, "a b");
});

Deno.test("parsePublicKey() refuses a file of RFC 4716 that is not one whole key", () => {
  assertRefused(SSH2.replace(/----.END.*\n/, ""), "cut off");
  assertRefused(SSH2 + SSH2, "more than one key");
  assertRefused(SSH2 + LINE, "more than one key");
  assertRefused(`${LINE}\n${SSH2}`, "more than one key");
  assertRefused(SSH2.replace(BLOB.slice(40), ""), "malformed");
  assertRefused(SSH2.replace(BLOB.slice(0, 40), "%".repeat(40)), "malformed");
  assertRefused(SSH2.replaceAll("PUBLIC KEY", "ENCRYPTED PRIVATE KEY"), "private key");
  const dss = keyBlob("ssh-dss", "p", "q", "g", "y");
  assertRefused(
    `---- BEGIN SSH2 PUBLIC KEY ----\n${dss}\n---- END SSH2 PUBLIC KEY ----`,
    "of a type that sshd refuses",
  );
});

Deno.test("parsePublicKey() says what a file is that is no public key", () => {
  assertRefused("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "private key");
  assertRefused("-----BEGIN PUBLIC KEY-----\nMIIB\n", "ssh-keygen -i -m PKCS8");
  assertRefused(`ssh-ed25519-cert-v01@openssh.com ${BLOB}`, "is a certificate");
  assertRefused("\x7fELF\x02\x01", "this is not a public key");
  assertRefused("x".repeat(100_000), "this is not a public key");
});

Deno.test("a comment loses what could deceive the reader of a line", () => {
  assertEquals(parsePublicKey(`ssh-ed25519 ${BLOB} a\x1b[2J\u202eb\rc`).comment, "a[2Jb c");
  assertEquals(cleaned("  a \n\t b\0 "), "a b");
});

for (const type of ["ed25519", "rsa", "ecdsa"]) {
  Deno.test({
    name: `parsePublicKey() and fingerprint() read what puttygen -t ${type} writes`,
    ...needs("puttygen", "ssh-keygen"),
    fn: () =>
      withTempDir(async (directory) => {
        const secret = `${directory}/key.ppk`;
        const file = `${directory}/key.pub`;
        const comment = `Bob "the" O'Neil`;
        const making = ["-q", "-t", type, "-C", comment, "--new-passphrase", "/dev/null"];
        // PuTTY keeps a file of random numbers in the home directory.
        const env = { HOME: directory };
        await runOk("puttygen", [...making, "-o", secret], { env });
        await runOk("puttygen", [secret, "-p", "-o", file], { env });
        const key = parsePublicKey(await Deno.readTextFile(file));
        assertEquals(key.comment, comment);
        assertEquals(
          `${key.type} ${key.blob} ${key.comment}\n`,
          await runOk("puttygen", [secret, "-L"], { env }),
        );
        await Deno.writeTextFile(file, `${key.type} ${key.blob}\n`);
        assertEquals(
          (await runOk("ssh-keygen", ["-l", "-f", file])).split(" ")[1],
          fingerprint(key),
        );
        assertRefused(await Deno.readTextFile(secret), "private key");
      }),
  });
}
