import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConnectError } from "../../../../lib/storage/proxy/connection_options.ts";
import { hashedName, hostKey } from "../../../../lib/storage/proxy/host_keys/host_keys.ts";
import {
  addKnownKey,
  knownKeys,
  readKnownKeys,
} from "../../../../lib/storage/proxy/host_keys/known_hosts.ts";
import { withTempDir } from "../../../support/files.ts";
import { needs } from "../../../support/programs.ts";
import { run, runOk } from "../../../support/run.ts";

/** Keys as `TYPE BASE64`; they need not be anybody's. */
const ED25519 = key("ssh-ed25519", 32);
const RSA = key("ssh-rsa", 277);
const ECDSA = key("ecdsa-sha2-nistp256", 85);

const SALT = new Uint8Array(20).fill(7);

/** Names that are looked up in every file. */
const NAMES = [
  "box",
  "BOX",
  "[box]:2222",
  "box.example.org",
  "[box.example.org]:2222",
  "192.0.2.7",
  "[192.0.2.7]:22",
  "::1",
  "[::1]:2222",
  "other",
  "cluster",
];

const FILES: Readonly<Record<string, string>> = {
  "nothing": "# box is not here\n\n",
  "a plain name": `box ${ED25519}`,
  "a name in capitals": `Box ${ED25519}`,
  "names in a list": `a,box,192.0.2.7 ${ED25519}`,
  "several keys": `box ${ED25519}\nbox ${RSA} comment here\nother ${ECDSA}\nbox ${ECDSA}`,
  "a port": `[box]:2222 ${ED25519}\n[192.0.2.7]:22 ${RSA}`,
  "an address of IPv6": `::1 ${ED25519}\n[::1]:2222 ${RSA}`,
  "wildcards": `*.example.org ${ED25519}\nb?x ${RSA}\n[*]:2222 ${ECDSA}`,
  "a wildcard of everything": `* ${ED25519}`,
  "a negation": `*,!box ${ED25519}\n!box.example.org,*.example.org ${RSA}\n!other ${ECDSA}`,
  "hashed names": `${hashedName("box", SALT)} ${ED25519}\n${hashedName("[::1]:2222", SALT)} ${RSA}`,
  "markers": `@revoked * ${ED25519}\n@cert-authority *.example.org ${RSA}\nbox ${ECDSA}`,
  "a marked hashed name": `@revoked ${hashedName("box", SALT)} ${ED25519}`,
  "blanks": `\t box \t ${ED25519}  \r\n  # box ${RSA}\n`,
  "an alias": `cluster ${ED25519}`,
};

for (const [name, text] of Object.entries(FILES)) {
  Deno.test({
    name: `knownKeys() finds what ssh-keygen finds: ${name}`,
    ...needs("ssh-keygen"),
    async fn() {
      await withTempDir(async (directory) => {
        const file = `${directory}/known_hosts`;
        await Deno.writeTextFile(file, text);
        for (const host of NAMES) {
          const { stdout } = await run("ssh-keygen", ["-F", host, "-f", file]);
          const found = [...stdout.matchAll(/^# Host .* found: line (\d+)(.*)$/gm)]
            .map(([, line, marker]) => `${line}${marker}`.trim());
          const marks = { revoked: " REVOKED", "cert-authority": " CA" };
          const own = readKnownKeys([file], host)
            .map(({ line, marker }) => `${line}${marker === undefined ? "" : marks[marker]}`);
          assertEquals(own, found, host);
        }
      });
    },
  });
}

Deno.test("knownKeys() passes over lines that hold no key", () => {
  const lines = [
    "box",
    "box ssh-ed25519",
    "box ssh-ed25519 !!!!",
    `box ssh-rsa ${ED25519.split(" ")[1]}`,
    `@unheard-of box ${ED25519}`,
    `|2|abc|def ${ED25519}`,
    `|1|abc ${ED25519}`,
    `box ${ED25519.slice(0, -8)}`,
    `box rsa-sha2-256 ${ED25519.split(" ")[1]}`,
    `\u00a0box ${ED25519}`,
  ];
  assertEquals(knownKeys(lines.join("\n"), "box", "file"), []);
});

Deno.test("knownKeys() has a key as it goes over the wire, however its line writes it", () => {
  const [type, base64] = RSA.split(" ");
  for (const line of [`box ${RSA}\r`, `box rsa-sha2-512 ${base64}`, `box\t${type}\t${base64}\f`]) {
    const [key] = knownKeys(line, "box", "file");
    assertEquals([key?.type, key?.base64], [type, base64], line);
  }
});

Deno.test("readKnownKeys() reads several files, and those that exist", async () => {
  await withTempDir(async (directory) => {
    await Deno.writeTextFile(`${directory}/a`, `box ${ED25519}\n`);
    await Deno.writeTextFile(`${directory}/b`, `\nbox ${RSA}\n`);
    const files = [`${directory}/a`, `${directory}/none`, `${directory}/a/x`, `${directory}/b`];
    assertEquals(
      readKnownKeys(files, "box").map(({ file, line, type }) => ({ file, line, type })),
      [
        { file: files[0], line: 1, type: "ssh-ed25519" },
        { file: files[3], line: 2, type: "ssh-rsa" },
      ],
    );
    assertThrows(() => readKnownKeys([directory], "box"), ConnectError, directory);
  });
});

Deno.test({
  name: "addKnownKey() writes a line that ssh-keygen finds, plain and hashed",
  ...needs("ssh-keygen"),
  async fn() {
    await withTempDir(async (directory) => {
      const file = `${directory}/.ssh/known_hosts`;
      const [type = "", base64 = ""] = ED25519.split(" ");
      const add = (name: string, isHashed: boolean) =>
        addKnownKey(file, { name, key: { type, base64 }, isHashed });
      add("box", false);
      add("[box]:2222", true);
      for (const name of ["box", "[box]:2222"]) {
        const found = await runOk("ssh-keygen", ["-F", name, "-f", file]);
        assertMatch(found, new RegExp(` ${type} `));
      }
      const text = await Deno.readTextFile(file);
      assertEquals(text.match(/2222/), null);
      assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
      assertEquals((await Deno.stat(`${directory}/.ssh`)).mode! & 0o777, 0o700);
    });
  },
});

Deno.test("addKnownKey() begins a line of its own where the file ends without one", async () => {
  await withTempDir(async (directory) => {
    const file = `${directory}/known_hosts`;
    await Deno.writeTextFile(file, `other ${RSA}`);
    const [type = "", base64 = ""] = ED25519.split(" ");
    addKnownKey(file, { name: "box", key: { type, base64 }, isHashed: false });
    assertEquals(await Deno.readTextFile(file), `other ${RSA}\nbox ${ED25519}\n`);
  });
});

Deno.test("hostKey() takes no bytes that are not a key", () => {
  assertEquals(hostKey(new Uint8Array(0)), undefined);
  assertEquals(hostKey(new Uint8Array([0, 0, 0, 9, 1])), undefined);
  assertEquals(hostKey(new Uint8Array([0, 0, 0, 0, 1])), undefined);
});

function key(type: string, length: number): string {
  const head = new TextEncoder().encode(type);
  const bytes = new Uint8Array(4 + head.length + 4 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, head.length);
  bytes.set(head, 4);
  view.setUint32(4 + head.length, length);
  bytes.fill(length & 255, 8 + head.length);
  return `${type} ${btoa(String.fromCharCode(...bytes))}`;
}
