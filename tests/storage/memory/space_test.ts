import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { isDirectory } from "../../../lib/attrs.ts";
import { StorageError } from "../../../lib/storage/errors.ts";
import { type MemoryFile, MemoryStorage } from "../../../lib/storage/memory/memory.ts";
import { childOf } from "../../../lib/storage/path.ts";
import type { DirEntry } from "../../../lib/storage/storage.ts";
import { randomNumbers } from "../../support/random.ts";
import { bytesOf, how } from "../../../lib/testing/subject.ts";
import { figuresOf, NO_SPACE, readText, refuses } from "./assertions.ts";

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
  const { blocks, bfree } = figuresOf(storage, "/");
  assertEquals(bfree, blocks, "What could not be had is counted");
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
