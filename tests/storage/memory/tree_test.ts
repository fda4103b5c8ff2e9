import { assertEquals } from "@std/assert";
import { MemoryStorage } from "../../../lib/storage/memory/memory.ts";
import type { DirEntry } from "../../../lib/storage/storage.ts";
import { how } from "../../../lib/testing/subject.ts";
import { refuses } from "./assertions.ts";

Deno.test("MemoryStorage counts links as POSIX does", () => {
  const storage = new MemoryStorage();
  storage.mkdir("/d", {});
  storage.mkdir("/d/e", {});
  storage.mkdir("/d/f", {});
  storage.open("/d/a", how("write", "create")).close();
  storage.extensions.hardLink?.("/d/a", "/d/b");
  assertEquals(linkCounts(storage, "/d"), { ".": 4, "..": 3, e: 2, f: 2, a: 2, b: 2 });
  storage.rename("/d/e", "/e");
  storage.extensions.posixRename?.("/d/f", "/e");
  storage.remove("/d/a");
  assertEquals(linkCounts(storage, "/d"), { ".": 2, "..": 4, b: 1 });
});

Deno.test("MemoryStorage follows 40 links and no more", () => {
  const storage = new MemoryStorage();
  storage.mkdir("/link0", {});
  for (let index = 1; index <= 41; index++) storage.symlink(`link${index - 1}`, `/link${index}`);
  assertEquals(storage.realPath("/link40"), "/link0");
  refuses("not-found: too many links to follow", () => storage.realPath("/link41"));
});

Deno.test("MemoryStorage refuses a link's text that is empty or too long", () => {
  const storage = new MemoryStorage();
  refuses("not-found: no such file", () => storage.symlink("", "/link"));
  refuses("invalid: name too long", () => storage.symlink("ä".repeat(2048), "/link"));
  storage.symlink("ä".repeat(2047), "/link");
});

Deno.test("MemoryStorage takes paths of 4095 bytes and no more", () => {
  const storage = new MemoryStorage();
  const path = "/." + "/ä".repeat(1364);
  refuses("not-found: no such file", () => storage.stat(path + "a"));
  refuses("invalid: name too long", () => storage.stat(path + "aa"));
});

Deno.test("MemoryStorage fails as Linux does, corner for corner", () => {
  const storage = new MemoryStorage();
  const { posixRename, hardLink } = storage.extensions;
  const create = how("write", "create");
  storage.mkdir("/d", {});
  storage.mkdir("/d/e", {});
  for (const path of ["/a", "/d/f"]) storage.open(path, create).close();
  storage.symlink("d", "/link");
  storage.symlink("new/", "/slashed");
  storage.symlink("d/.", "/dotted");
  storage.symlink("/", "/top");
  const noFile = "not-found: no such file";
  const noDirectory = "not-found: not a directory";
  const isThere = "failure: file exists";
  const isDirectory = "failure: is a directory";
  const inUse = "failure: in use by the system";
  const notEmpty = "failure: directory not empty";
  const isInvalid = "invalid: invalid argument";
  const corners: readonly (readonly [expected: string, action: () => unknown])[] = [
    [noFile, () => storage.symlink("x", "/new/")],
    [isThere, () => storage.symlink("x", "/d/")],
    [noFile, () => hardLink?.("/a", "/new/")],
    [noDirectory, () => hardLink?.("/a/", "/new")],
    ["denied: operation not permitted", () => hardLink?.("/link/", "/new")],
    [isThere, () => hardLink?.("/d", "/a")],
    [noFile, () => storage.remove("/new/")],
    [isDirectory, () => storage.remove("/d/")],
    [isDirectory, () => storage.remove("/")],
    [isDirectory, () => storage.remove("/d/..")],
    [isInvalid, () => storage.rmdir("/d/.")],
    [notEmpty, () => storage.rmdir("/d/e/..")],
    [noDirectory, () => storage.rmdir("/link/")],
    [inUse, () => storage.rmdir("/")],
    [isThere, () => storage.mkdir("/link/", {})],
    [isDirectory, () => storage.open("/slashed", create)],
    [noFile, () => storage.open("/slashed", how("write"))],
    [isDirectory, () => storage.open("/a/", create)],
    [isDirectory, () => storage.open("/top", create)],
    [isDirectory, () => storage.open("/dotted", how("read"))],
    [isThere, () => storage.open("/", { ...create, exclusive: true })],
    [isDirectory, () => storage.open("/d/", { ...create, exclusive: true })],
    [inUse, () => storage.rename("/", "/new")],
    [inUse, () => storage.rename("/d/e/..", "/new")],
    [isThere, () => storage.rename("/a", "/")],
    [isThere, () => storage.rename("/a", "/d/..")],
    [inUse, () => posixRename?.("/a", "/")],
    [inUse, () => posixRename?.("/a", "/d/..")],
    [noDirectory, () => storage.rename("/link/", "/new")],
    [noDirectory, () => posixRename?.("/a", "/new/")],
    [notEmpty, () => posixRename?.("/d/e", "/d")],
    [notEmpty, () => posixRename?.("/d/f", "/d")],
    [isInvalid, () => posixRename?.("/d", "/d/e/new")],
    [isInvalid, () => posixRename?.("/d", "/link/new")],
    [noFile, () => storage.realPath("/new/")],
    [noDirectory, () => storage.realPath("/a/")],
    [isInvalid, () => storage.extensions.setLinkAttrs?.("/link", { size: 0 })],
  ];
  for (const [expected, action] of corners) refuses(expected, action);
  assertEquals(storage.realPath("/top"), "/");
  assertEquals(storage.realPath("/dotted"), "/d");
});

Deno.test("MemoryStorage renames in directories that are deeper than a call stack", () => {
  const storage = new MemoryStorage();
  storage.mkdir("/a", {});
  for (let depth = 0; depth < 20_000; depth++) {
    storage.mkdir("/b", {});
    storage.rename("/a", "/b/a");
    storage.rename("/b", "/a");
  }
  refuses("invalid: invalid argument", () => storage.rename("/a", "/a/a/new"));
});

function linkCounts(storage: MemoryStorage, path: string): Record<string, number | undefined> {
  const entries = storage.openDir(path).next(100) as DirEntry[];
  return Object.fromEntries(entries.map(({ name, links }) => [name, links]));
}
