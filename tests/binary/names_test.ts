/** Names that are not UTF-8, as OpenSSH's sftp and raw packets send them, compared by their bytes on the disk. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { withTempDir } from "../support/files.ts";
import { toHex } from "../support/hex.ts";
import { Prober, type Site } from "../support/jail_fixture.ts";
import { binaryWay, jailBinaryWay, type JailWay, kernelWay } from "../support/jail_ways.ts";
import { needs, programPath } from "../support/programs.ts";
import { randomNumbers } from "../support/random.ts";
import { ask, bytesOf, Code, concat, Flag, textOf } from "../support/raw.ts";
import { commandLine, run } from "../support/run.ts";

const SLASH = 0x2f;
const NEWLINE = 0x0a;

/** Names by their bytes: Latin-1, cut and overlong UTF-8, surrogates, and what U+DC80 itself looks like. */
const NAMES: readonly (readonly number[])[] = [
  [0x63, 0x61, 0x66, 0xe9],
  [0xe9],
  [0x80],
  [0xff, 0xfe],
  [0xc3],
  [0xe2, 0x82],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xb2, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xef, 0xbf, 0xbd],
  [0x61, 0xcc, 0x88],
  [0xc3, 0xa4],
];

const names = NAMES.map((bytes) => Uint8Array.from(bytes));

function testNames(
  name: string,
  ways: readonly JailWay[],
  body: (way: JailWay, site: Site) => Promise<void>,
  programs: readonly string[] = [],
): void {
  for (const way of ways) {
    const need = needs("find", ...programs);
    Deno.test({
      name: `${way.name}: ${name}`,
      ...(way.need.ignore ? way.need : need),
      fn: () => way.withSite((site) => body(way, site)),
    });
  }
}

/** What a directory holds, as the system has it: names in hexadecimal digits, sorted. */
async function onDisk(directory: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(programPath("find"), {
    args: [directory, "-mindepth", "1", "-printf", "%P\\0"],
  }).output();
  return toHex(stdout).match(/(?:..)+?00/g)?.map((name) => name.slice(0, -2)).sort() ?? [];
}

function sorted(all: readonly Uint8Array[]): string[] {
  return all.map(toHex).sort();
}

function line(...words: readonly (string | Uint8Array)[]): Uint8Array {
  const spaced = words.flatMap((word, index) => index === 0 ? [word] : [" ", word]);
  return concat(...spaced.map(bytesOf), bytesOf("\n"));
}

testNames("OpenSSH's sftp makes, lists, renames and removes names of any bytes", [
  kernelWay,
  binaryWay,
  jailBinaryWay,
], async (way, site) => {
  const server = commandLine(await way.command(site));
  await withTempDir(async (local) => {
    await Deno.writeTextFile(`${local}/file`, "content");
    const batch = async (...lines: readonly Uint8Array[]): Promise<string> => {
      const args = ["-b", "-", "-D", server];
      const { code, stdout, stderr } = await run("sftp", args, {
        input: concat(...lines),
        cwd: local,
      });
      assertEquals([code, stderr], [0, ""], stdout);
      return stdout;
    };
    const moved = names.map((name) => concat(bytesOf("new-"), name));

    await batch(...names.map((name) => line("put", "file", name)));
    assertEquals(await onDisk(site.jail), sorted(names));
    const listed = await batch(line("ls", "-1"));
    assertStringIncludes(listed, "caf\\351\n");
    await batch(...names.flatMap((name, index) => [line("get", name, `back-${index}`)]));
    for (const index of names.keys()) {
      assertEquals(await Deno.readTextFile(`${local}/back-${index}`), "content");
    }
    await batch(...names.map((name, index) => line("rename", name, moved[index]!)));
    assertEquals(await onDisk(site.jail), sorted(moved));
    await batch(...moved.map((name) => line("chmod", "600", name)));
    await batch(...moved.map((name) => line("rm", name)));
    assertEquals(await onDisk(site.jail), []);
    await batch(...names.map((name) => line("mkdir", name)));
    assertEquals(await onDisk(site.jail), sorted(names));
    await batch(...names.map((name) => line("rmdir", name)));
    assertEquals(await onDisk(site.jail), []);
  });
}, ["sftp"]);

/** Every byte that a name can have alone, and names of random bytes up to the longest. */
function manyNames(): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  const add = (name: Uint8Array) => found.set(toHex(name), name);
  for (let byte = 1; byte < 256; byte++) {
    if (byte !== SLASH && byte !== 0x2e) add(Uint8Array.of(byte));
  }
  names.forEach(add);
  const random = randomNumbers(20);
  for (const length of [2, 2, 2, 3, 3, 3, 4, 5, 8, 13, 64, 200, 255, 255]) {
    const name = new Uint8Array(length).map(() => 1 + random(255));
    add(name.map((byte) => byte === SLASH ? NEWLINE : byte));
  }
  return [...found.values()];
}

async function listed(prober: Prober, path: Uint8Array): Promise<string[]> {
  const handle = await prober.open(ask.opendir(path));
  const found: string[] = [];
  for (;;) {
    const reply = await prober.ask(ask.readdir(handle!));
    if (reply.kind !== "name") break;
    found.push(...reply.names.map(({ filename }) => filename));
  }
  assertEquals(await prober.code(ask.close(handle!)), Code.OK);
  return found.filter((name) => name !== "." && name !== "..").sort();
}

testNames("raw packets make, list, stat, link, rename and remove names of any bytes", [
  kernelWay,
  binaryWay,
], async (way, site) => {
  await using prober = await Prober.start(await way.command(site), site);
  const all = manyNames();
  const within = (directory: string, name: Uint8Array) => concat(bytesOf(`${directory}/`), name);

  for (const name of all) {
    const handle = await prober.open(ask.open(name, Flag.WRITE | Flag.CREAT | Flag.EXCL));
    assertEquals(await prober.code(ask.close(handle!)), Code.OK, toHex(name));
  }
  assertEquals(await onDisk(site.jail), sorted(all));
  assertEquals(await listed(prober, bytesOf("/")), all.map(textOf).sort());
  await prober.code(ask.mkdir("/dir"));
  for (const name of all) {
    const path = within("", name);
    assertEquals((await prober.ask(ask.lstat(path))).kind, "attrs", toHex(name));
    const real = await prober.ask(ask.realpath(path));
    assertEquals(real.kind === "name" && real.names[0]!.filename, textOf(path));
    assertEquals(await prober.code(ask.rename(path, within("/dir", name))), Code.OK);
  }
  assertEquals(await onDisk(`${site.jail}/dir`), sorted(all));
  for (const name of all) {
    const path = within("/dir", name);
    assertEquals(await prober.code(ask.symlink(path, within("", name))), Code.OK);
    const link = await prober.ask(ask.readlink(within("", name)));
    assertEquals(link.kind === "name" && link.names[0]!.filename, textOf(path));
    assertEquals((await prober.ask(ask.stat(within("", name)))).kind, "attrs");
    assertEquals(await prober.code(ask.remove(path)), Code.OK);
    assertEquals(await prober.code(ask.remove(within("", name))), Code.OK);
    assertEquals(await prober.code(ask.mkdir(path)), Code.OK);
  }
  assertEquals(await onDisk(`${site.jail}/dir`), sorted(all));
  for (const name of all) {
    assertEquals(await prober.code(ask.rmdir(within("/dir", name))), Code.OK);
  }
  assertEquals(await onDisk(site.jail), ["646972"]);
});
