/**
 * Links that stay inside work as in a chroot: an absolute one starts at the
 * jail's root, and `..` stops there.
 */

import { assertEquals } from "@std/assert";
import { makeLinks } from "../support/jail_attempts.ts";
import { existsSync, Prober, type Site } from "../support/jail_fixture.ts";
import { jailWays } from "../support/jail_ways.ts";
import { ask, Code, Flag, type Reply, textOf } from "../support/raw.ts";

/** Links, each to the directory `data` or to the file in it. */
const TO_FILE = {
  "abs-file": "/data/file",
  "rel-file": "data/file",
  "deep/er/rel-file": "../../data/file",
  "clamped-file": "../../../../data/file",
  "chain": "deep/chain",
  "deep/chain": "../deep/./chain-end",
  "deep/chain-end": "/abs-file",
  "through": "/abs-dir/../deep/to-data/file",
};
const TO_DIRECTORY = {
  "abs-dir": "/data",
  "slashed-dir": "/data/",
  "rel-dir": "./data",
  "clamped-dir": "/../../data",
  "deep/to-data": "../../../data",
  "deep/er/up/to-data": "/deep/to-data",
};

function plant(site: Site): void {
  Deno.mkdirSync(`${site.jail}/data/sub`, { recursive: true });
  Deno.writeTextFileSync(`${site.jail}/data/file`, "inside");
  makeLinks(site, {
    ...TO_FILE,
    ...TO_DIRECTORY,
    "to-root": "/",
    "to-above": "../..",
    "deep/top": "../../../..",
    "new-file": "/data/made",
    "round": "round-2",
    "round-2": "/round",
  });
}

function testLinks(name: string, body: (prober: Prober, site: Site) => Promise<void>): void {
  for (const way of jailWays) {
    Deno.test({
      name: `${way.name}: ${name}`,
      ...way.need,
      fn: () =>
        way.withSite(async (site) => {
          plant(site);
          await using prober = await Prober.start(await way.command(site), site);
          await body(prober, site);
          assertEquals(prober.found, []);
        }),
    });
  }
}

async function readFile(prober: Prober, path: string): Promise<string> {
  const handle = await prober.open(ask.open(path, Flag.READ));
  if (handle === undefined) return "refused";
  const reply = await prober.ask(ask.read(handle, 0, 100));
  await prober.ask(ask.close(handle));
  return reply.kind === "data" ? textOf(reply.data) : reply.kind;
}

async function writeFile(
  prober: Prober,
  path: string,
  flags: number = Flag.CREAT,
): Promise<number> {
  const handle = await prober.open(ask.open(path, Flag.WRITE | flags));
  if (handle === undefined) return Code.FAILURE;
  await prober.code(ask.write(handle, 0, "written"));
  return await prober.code(ask.close(handle));
}

async function realPath(prober: Prober, path: string): Promise<string> {
  return firstName(await prober.ask(ask.realpath(path)));
}

function firstName(reply: Reply): string {
  return reply.kind === "name" ? reply.names[0]!.filename : reply.kind;
}

async function namesIn(prober: Prober, path: string): Promise<string[]> {
  const handle = await prober.open(ask.opendir(path));
  if (handle === undefined) return ["refused"];
  const reply = await prober.ask(ask.readdir(handle));
  await prober.ask(ask.close(handle));
  return reply.kind === "name" ? reply.names.map(({ filename }) => filename).sort() : [reply.kind];
}

testLinks("links inside lead where they lead in a chroot", async (prober) => {
  for (const [link, text] of Object.entries(TO_FILE)) {
    assertEquals(await readFile(prober, `/${link}`), "inside", link);
    assertEquals(await realPath(prober, `/${link}`), "/data/file", link);
    assertEquals(firstName(await prober.ask(ask.readlink(`/${link}`))), text);
    assertEquals(await prober.code(ask.setstat(`/${link}`, { permissions: 0o640 })), Code.OK);
  }
  for (const link of Object.keys(TO_DIRECTORY)) {
    for (const path of [`/${link}`, `/${link}/`, `/${link}/.`, `/${link}/sub/..`, `${link}`]) {
      assertEquals(await namesIn(prober, path), [".", "..", "file", "sub"], path);
      assertEquals(await realPath(prober, path), "/data", path);
      assertEquals(await readFile(prober, `${path}/file`), "inside", path);
    }
  }
});

testLinks("no link leads above the top", async (prober) => {
  const top = await namesIn(prober, "/");
  for (const path of ["/to-root", "/to-above", "/deep/top", "/to-root/../..", "/deep/top/.."]) {
    assertEquals(await realPath(prober, path), "/", path);
    assertEquals(await namesIn(prober, path), top, path);
    assertEquals(await readFile(prober, `${path}/data/file`), "inside", path);
  }
});

testLinks("what is changed through a link is changed inside", async (prober, { jail }) => {
  for (const link of Object.keys(TO_DIRECTORY)) {
    assertEquals(await writeFile(prober, `/${link}/made`), Code.OK);
    assertEquals(await Deno.readTextFile(`${jail}/data/made`), "written");
    const to = `/deep/../${link}/moved`;
    assertEquals(await prober.code(ask.rename(`/${link}/made`, to)), Code.OK);
    assertEquals(await prober.code(ask.mkdir(`/${link}/dir`)), Code.OK);
    assertEquals(await prober.code(ask.posixRename(`/${link}/dir`, `${to}-dir`)), Code.OK);
    assertEquals(await prober.code(ask.hardlink(`/${link}/moved`, `/${link}/hard`)), Code.OK);
    assertEquals(await namesIn(prober, "/data"), [
      ".",
      "..",
      "file",
      "hard",
      "moved",
      "moved-dir",
      "sub",
    ]);
    assertEquals(await prober.code(ask.remove(`/${link}/hard`)), Code.OK);
    assertEquals(await prober.code(ask.remove(`/${link}/moved`)), Code.OK);
    assertEquals(await prober.code(ask.rmdir(`/${link}/moved-dir/`)), Code.OK);
  }
  assertEquals(await Deno.readTextFile(`${jail}/data/file`), "inside");
});

testLinks(
  "a file is made where a dangling link leads, but not with EXCL",
  async (prober, { jail }) => {
    assertEquals(await realPath(prober, "/new-file"), "/data/made");
    assertEquals(await writeFile(prober, "/new-file", Flag.CREAT | Flag.EXCL), Code.FAILURE);
    assertEquals(existsSync(`${jail}/data/made`), false);
    assertEquals(await writeFile(prober, "/new-file"), Code.OK);
    assertEquals(await Deno.readTextFile(`${jail}/data/made`), "written");
  },
);

testLinks("links that lead in a circle are refused", async (prober) => {
  for (const path of ["/round", "/round/file", "/round-2/"]) {
    assertEquals((await prober.ask(ask.stat(path))).kind, "status", path);
    assertEquals(await readFile(prober, path), "refused");
    assertEquals((await prober.ask(ask.realpath(path))).kind, "status", path);
  }
  assertEquals((await prober.ask(ask.lstat("/round"))).kind, "attrs");
});

testLinks("a closing slash follows a link, and never acts on one", async (prober, { jail }) => {
  const status = async (path: string) => {
    const reply = await prober.ask(ask.lstat(path));
    return reply.kind === "attrs" ? (reply.attrs.permissions ?? 0) & 0o170000 : reply.kind;
  };
  assertEquals(await status("/abs-dir"), 0o120000);
  assertEquals(await status("/abs-dir/"), 0o040000);
  assertEquals(await status("/abs-file/"), "status");
  assertEquals(await readFile(prober, "/abs-file/"), "refused");
  for (const path of ["/abs-dir/", "/abs-file/", "/new-file/"]) {
    for (const request of [ask.remove, ask.rmdir, ask.mkdir]) {
      assertEquals(await prober.code(request(path)) === Code.OK, false, path);
    }
    for (const request of [ask.rename, ask.posixRename, ask.hardlink]) {
      assertEquals(await prober.code(request(path, "/taken")) === Code.OK, false, path);
    }
  }
  for (const name of ["abs-dir", "abs-file", "new-file"]) {
    assertEquals((await Deno.lstat(`${jail}/${name}`)).isSymlink, true);
  }
  assertEquals(await prober.code(ask.mkdir("/made/")), Code.OK);
  assertEquals(await prober.code(ask.rename("/made/", "/moved/")), Code.OK);
  assertEquals(await prober.code(ask.rmdir("/moved/")), Code.OK);
});
