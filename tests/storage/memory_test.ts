import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { isDirectory } from "../../lib/attrs.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { type MemoryFile, MemoryStorage } from "../../lib/storage/memory.ts";
import { childOf } from "../../lib/storage/path.ts";
import type { DirEntry, FileSystemStats } from "../../lib/storage/storage.ts";
import { later } from "../support/later.ts";
import { randomNumbers } from "../support/random.ts";
import { conformance } from "./conformance.ts";
import { bytesOf, how } from "./conformance/subject.ts";

const NO_SPACE = "failure: no space left on device";

Deno.test("MemoryStorage keeps the promises of a storage", async (t) => {
  await conformance(t, () => ({ storage: new MemoryStorage(), tellsReasons: true }));
});

Deno.test("MemoryStorage keeps them also where every answer is a promise", async (t) => {
  await conformance(t, () => ({ storage: later(new MemoryStorage()), tellsReasons: true }));
});

Deno.test("MemoryStorage answers at once", () => {
  const storage = new MemoryStorage();
  const file = storage.open("/a", how("read", "write", "create"));
  const answers = [
    file.write(bytesOf("content"), 0),
    file.read(new Uint8Array(4), 0),
    storage.stat("/a"),
    storage.openDir("/").next(1),
    storage.extensions.copyData?.name,
    file.close(),
    storage.close(),
  ];
  assertEquals(answers.filter((answer) => answer instanceof Promise), []);
});

Deno.test("MemoryStorage refuses bytes beyond its space, and writes none of them", () => {
  const storage = new MemoryStorage({ maxBytes: 10 });
  const file = storage.open("/a", how("read", "write", "create"));
  file.write(bytesOf("12345678"), 0);
  refuses(NO_SPACE, () => file.write(bytesOf("abc"), 8));
  refuses(NO_SPACE, () => file.write(bytesOf("abc"), 7.5e15));
  refuses(NO_SPACE, () => file.setAttrs({ size: 11 }));
  refuses(NO_SPACE, () => storage.setAttrs("/a", { size: 2 ** 50 }));
  assertEquals(file.stat().size, 8);
  file.write(bytesOf("ab"), 8);
  file.write(bytesOf("X"), 0);
  assertEquals(readText(file), "X2345678ab");
});

Deno.test("MemoryStorage refuses more memory than there is", () => {
  const storage = new MemoryStorage({ maxBytes: Number.MAX_SAFE_INTEGER });
  const file = storage.open("/a", how("write", "create"));
  refuses(NO_SPACE, () => file.write(bytesOf("x"), 2 ** 50));
  assertEquals(file.stat().size, 0);
  file.write(bytesOf("x"), 10);
  assertEquals(file.stat().size, 11);
});

Deno.test("MemoryStorage refuses limits that are no whole numbers", () => {
  for (const limit of [-1, 0.5, NaN, Infinity]) {
    assertThrows(() => new MemoryStorage({ maxBytes: limit }), RangeError, "maxBytes");
    assertThrows(() => new MemoryStorage({ maxNodes: limit }), RangeError, "maxNodes");
  }
});

Deno.test("MemoryStorage refuses a file whose length is no safe integer", () => {
  const storage = new MemoryStorage({ maxBytes: Number.MAX_SAFE_INTEGER });
  const file = storage.open("/a", how("write", "create"));
  const tooLarge = "failure: file too large";
  refuses(tooLarge, () => file.write(bytesOf("xy"), Number.MAX_SAFE_INTEGER));
  refuses(tooLarge, () => file.setAttrs({ size: 2 ** 60 }));
  refuses("invalid: value out of range", () => file.setAttrs({ size: 2 ** 63 }));
  assertEquals(file.stat().size, 0);
});

Deno.test("MemoryStorage gives space back when a file is cut, emptied, removed or replaced", () => {
  const storage = new MemoryStorage({ maxBytes: 10 });
  const fill = (path: string) => {
    const file = storage.open(path, how("write", "create", "truncate"));
    file.write(new Uint8Array(10), 0);
    file.close();
  };
  fill("/a");
  storage.setAttrs("/a", { size: 0 });
  fill("/b");
  fill("/b");
  storage.remove("/b");
  fill("/a");
  storage.open("/empty", how("write", "create")).close();
  storage.extensions.posixRename?.("/empty", "/a");
  fill("/a");
  refuses(NO_SPACE, () => fill("/c"));
});

Deno.test("MemoryStorage keeps the space of a removed file until its last handle is closed", () => {
  const storage = new MemoryStorage({ maxBytes: 10 });
  const file = storage.open("/a", how("read", "write", "create"));
  file.write(bytesOf("0123456789"), 0);
  storage.remove("/a");
  const other = storage.open("/b", how("write", "create"));
  refuses(NO_SPACE, () => other.write(bytesOf("x"), 0));
  assertEquals(readText(file), "0123456789");
  file.close();
  other.write(bytesOf("x"), 0);
});

Deno.test("MemoryStorage keeps the space of a file that has another name", () => {
  const storage = new MemoryStorage({ maxBytes: 10 });
  const file = storage.open("/a", how("write", "create"));
  file.write(new Uint8Array(10), 0);
  file.close();
  storage.extensions.hardLink?.("/a", "/b");
  storage.remove("/a");
  const other = storage.open("/c", how("write", "create"));
  refuses(NO_SPACE, () => other.write(bytesOf("x"), 0));
  storage.remove("/b");
  other.write(bytesOf("x"), 0);
});

Deno.test("MemoryStorage counts the texts of links", () => {
  const storage = new MemoryStorage({ maxBytes: 10 });
  storage.symlink("0123456", "/a");
  refuses(NO_SPACE, () => storage.symlink("ääää", "/b"));
  storage.remove("/a");
  storage.symlink("ääää", "/b");
  assertEquals(storage.lstat("/b").size, 8);
});

Deno.test("MemoryStorage refuses more files, directories and links than it may hold", () => {
  const storage = new MemoryStorage({ maxNodes: 3 });
  storage.mkdir("/d", {});
  storage.symlink("d", "/link");
  storage.open("/a", how("write", "create")).close();
  refuses(NO_SPACE, () => storage.mkdir("/e", {}));
  refuses(NO_SPACE, () => storage.symlink("d", "/e"));
  refuses(NO_SPACE, () => storage.open("/e", how("write", "create")));
  storage.rmdir("/d");
  storage.mkdir("/e", {});
  storage.remove("/link");
  storage.mkdir("/f", {});
  storage.remove("/a");
  storage.mkdir("/g", {});
  refuses(NO_SPACE, () => storage.mkdir("/h", {}));
});

Deno.test("MemoryStorage has all its space back when everything is removed", () => {
  const limits = { maxBytes: 5000, maxNodes: 40 };
  const storage = new MemoryStorage(limits);
  const handles: MemoryFile[] = [];
  const random = randomNumbers(3);
  const name = () => "/" + ["a", "b", "c", "d"].slice(random(4)).slice(0, 1 + random(2)).join("/");
  const actions = [
    () => storage.mkdir(name(), {}),
    () => storage.rmdir(name()),
    () => storage.symlink("x".repeat(random(500)), name()),
    () => storage.remove(name()),
    () => storage.setAttrs(name(), { size: random(2000) }),
    () => storage.rename(name(), name()),
    () => storage.extensions.posixRename?.(name(), name()),
    () => storage.extensions.hardLink?.(name(), name()),
    () => handles.push(storage.open(name(), how("write", "create"))),
    () => handles.at(random(handles.length))?.write(new Uint8Array(random(900)), random(900)),
    () => handles.splice(random(handles.length), 1)[0]?.close(),
  ];
  const done = new Set<number>();
  for (let round = 0; round < 20_000; round++) {
    const choice = random(actions.length);
    try {
      actions[choice]?.();
      done.add(choice);
    } catch (error) {
      assertInstanceOf(error, StorageError);
    }
  }
  assertEquals(done.size, actions.length);
  for (const handle of handles) handle.close();
  removeAll(storage, "/");
  assertEquals(figuresOf(storage, "/").ffree, BigInt(limits.maxNodes));
  const file = storage.open("/all", how("write", "create"));
  file.write(new Uint8Array(limits.maxBytes), 0);
  refuses(NO_SPACE, () => file.write(new Uint8Array(1), limits.maxBytes));
});

Deno.test("MemoryStorage tells its space in blocks", () => {
  const storage = new MemoryStorage({ maxBytes: 1024 * 1024, maxNodes: 100 });
  const file = storage.open("/a", how("write", "create"));
  file.write(new Uint8Array(4097), 0);
  const { blocks, bfree, bavail, frsize, files, ffree } = figuresOf(storage, "/a");
  assertEquals({ blocks, bfree, bavail, frsize, files, ffree }, {
    blocks: 256n,
    bfree: 254n,
    bavail: 254n,
    frsize: 4096n,
    files: 100n,
    ffree: 99n,
  });
});

Deno.test("MemoryStorage cuts new permissions by its umask, special bits and all", () => {
  const storage = new MemoryStorage({ umask: 0o027 });
  const modes = (path: string) => (storage.stat(path).permissions ?? 0) & 0o7777;
  const create = how("write", "create");
  storage.open("/a", create).close();
  storage.open("/b", { ...create, attrs: { permissions: 0o104755 } }).close();
  storage.mkdir("/d", {});
  storage.mkdir("/e", { permissions: 0o1777 });
  assertEquals(["/a", "/b", "/d", "/e"].map(modes), [0o640, 0o4750, 0o750, 0o1750]);
  storage.setAttrs("/a", { permissions: 0o106777 });
  assertEquals(modes("/a"), 0o6777);
});

Deno.test("MemoryStorage takes the time from its clock, in whole seconds", () => {
  let now = 1_000_999;
  const storage = new MemoryStorage({ clock: () => now });
  const times = (path: string) => [storage.stat(path).atime, storage.stat(path).mtime];
  const file = storage.open("/a", how("read", "write", "create"));
  assertEquals([times("/a"), times("/")], [[1000, 1000], [1000, 1000]]);
  now = 2_000_000;
  file.write(bytesOf("x"), 0);
  assertEquals([times("/a"), times("/")], [[1000, 2000], [1000, 1000]]);
  now = 3_000_000;
  file.read(new Uint8Array(1), 0);
  assertEquals(times("/a"), [1000, 2000]);
  file.setAttrs({ size: 0 });
  assertEquals(times("/a"), [1000, 3000]);
  now = 4_000_000;
  storage.rename("/a", "/b");
  assertEquals([times("/b"), times("/")], [[1000, 3000], [1000, 4000]]);
  now = 5_000_000;
  storage.remove("/b");
  assertEquals(times("/"), [1000, 5000]);
});

Deno.test("MemoryStorage gives new files its owner, and tells owners' names", () => {
  const storage = new MemoryStorage({
    uid: 7,
    gid: 8,
    users: new Map([[7, "ada"]]),
    groups: new Map([[8, "staff"]]),
  });
  storage.mkdir("/d", {});
  storage.mkdir("/e", {});
  storage.setAttrs("/e", { uid: 1, gid: 2 });
  const told = storage.openDir("/").next(10) as DirEntry[];
  const owners = told.map(({ name, attrs, owner, group }) =>
    [name, attrs.uid, attrs.gid, owner, group].join(" ")
  );
  assertEquals(owners, [". 7 8 ada staff", ".. 7 8 ada staff", "d 7 8 ada staff", "e 1 2  "]);
  assertEquals(storage.extensions.ownerNames?.([1, 7], [8, 2]), {
    users: ["", "ada"],
    groups: ["staff", ""],
  });
});

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

Deno.test("MemoryStorage has a link's own permissions and owner changed", () => {
  const storage = new MemoryStorage();
  storage.symlink("no", "/link");
  assertEquals(storage.lstat("/link").permissions, 0o120777);
  storage.extensions.setLinkAttrs?.("/link", { permissions: 0o700, uid: 1, gid: 2 });
  const { permissions, uid, gid } = storage.lstat("/link");
  assertEquals({ permissions, uid, gid }, { permissions: 0o120700, uid: 1, gid: 2 });
});

Deno.test("MemoryStorage refuses everything of a handle that is closed", () => {
  const storage = new MemoryStorage();
  const file = storage.open("/a", how("read", "write", "create"));
  file.close();
  const actions = [
    () => file.read(new Uint8Array(1), 0),
    () => file.write(bytesOf("x"), 0),
    () => file.stat(),
    () => file.setAttrs({}),
    () => file.close(),
    () => storage.extensions.fsync?.(file),
    () => storage.extensions.fileStatVfs?.(file),
  ];
  for (const action of actions) refuses("not-found: not open for this", action);
});

Deno.test("MemoryStorage does not cut a file by a handle that only reads", () => {
  const storage = new MemoryStorage();
  storage.open("/a", how("write", "create")).write(bytesOf("content"), 0);
  const file = storage.open("/a", how("read"));
  const attrs = { size: 1, permissions: 0o600 };
  refuses("invalid: invalid argument", () => file.setAttrs(attrs));
  assertEquals([file.stat().size, file.stat().permissions], [7, 0o100600]);
});

Deno.test("MemoryStorage copies to the end of a file that is open to append", () => {
  const storage = new MemoryStorage({ maxBytes: 20 });
  const source = storage.open("/a", how("read", "write", "create"));
  source.write(bytesOf("0123456"), 0);
  const target = storage.open("/b", how("read", "write", "create", "append"));
  const range = { source, sourcePosition: 0, length: Infinity, target, targetPosition: 0 };
  storage.extensions.copyData?.({ ...range, length: 3 });
  storage.extensions.copyData?.(range);
  assertEquals(readText(target), "0120123456");
  refuses(NO_SPACE, () => storage.extensions.copyData?.(range));
  assertEquals(readText(target), "0120123456");
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

function refuses(expected: string, action: () => unknown): void {
  const { code, message } = assertThrows(action, StorageError);
  assertEquals(`${code}: ${message}`, expected);
}

function readText(file: MemoryFile): string {
  const into = new Uint8Array(file.stat().size ?? 0);
  file.read(into, 0);
  return new TextDecoder().decode(into);
}

function figuresOf(storage: MemoryStorage, path: string): FileSystemStats {
  return storage.extensions.statVfs?.(path) as FileSystemStats;
}

function removeAll(storage: MemoryStorage, directory: string): void {
  for (const { name, attrs } of storage.openDir(directory).next(100) as DirEntry[]) {
    if (name === "." || name === "..") continue;
    const path = childOf(directory, name);
    if (!isDirectory(attrs)) {
      storage.remove(path);
    } else {
      removeAll(storage, path);
      storage.rmdir(path);
    }
  }
}

function linkCounts(storage: MemoryStorage, path: string): Record<string, number | undefined> {
  const entries = storage.openDir(path).next(100) as DirEntry[];
  return Object.fromEntries(entries.map(({ name, links }) => [name, links]));
}
