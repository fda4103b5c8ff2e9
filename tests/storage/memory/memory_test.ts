import { assertEquals } from "@std/assert";
import { MemoryStorage } from "../../../lib/storage/memory/memory.ts";
import type { DirEntry } from "../../../lib/storage/storage.ts";
import { later } from "../../support/later.ts";
import { conformance } from "../../../lib/testing/mod.ts";
import { bytesOf, how } from "../../../lib/testing/subject.ts";
import { NO_SPACE, readText, refuses } from "./assertions.ts";

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
  now = 6_000_000;
  storage.mkdir("/d", {});
  assertEquals([times("/"), times("/d")], [[1000, 6000], [6000, 6000]]);
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
