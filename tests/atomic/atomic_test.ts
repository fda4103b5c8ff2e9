import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { atomic } from "../../lib/atomic/atomic.ts";
import type { FinishedUpload } from "../../lib/atomic/options.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { FilteredFile, FilteredStorage } from "../../lib/storage/filtered_storage.ts";
import type { FileHandle, OpenOptions, Storage } from "../../lib/storage/storage.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { later } from "../support/later.ts";
import { ATOMIC_SKIPS, namesIn, open, put, textIn } from "./support.ts";

Deno.test("atomic(memory) behaves to a session like the storage itself", async (t) => {
  const fixture = () => ({ storage: atomic(new MemoryStorage()), tellsReasons: true });
  await conformance(t, fixture, ATOMIC_SKIPS);
});

Deno.test("atomic(memory) behaves to a session like the storage itself, with promises", async (t) => {
  const fixture = () => ({ storage: atomic(later(new MemoryStorage())), tellsReasons: true });
  await conformance(t, fixture, ATOMIC_SKIPS);
});

Deno.test("an upload has its name only when it is closed", async () => {
  const { inner, storage } = fixture();
  const file = await open(storage, "/new", "write", "create", "truncate");
  await file.write(bytes("content"), 0);
  assertEquals(await namesIn(inner).then((names) => names.includes("new")), false);
  await file.close(false);
  assertEquals(await textIn(inner, "/new"), "content");
  assertEquals(await namesIn(inner), ["new"]);
});

Deno.test("an upload that breaks off leaves the old content and nothing else", async () => {
  const { inner, storage } = fixture();
  await put(inner, "/file", "old");
  for (const name of ["/file", "/new"]) {
    const file = await open(storage, name, "write", "create", "truncate");
    await file.write(bytes("half"), 0);
    await file.close(true);
  }
  assertEquals(await textIn(inner, "/file"), "old");
  assertEquals(await namesIn(inner), ["file"]);
});

Deno.test("a hook is asked before an upload has its name, and can read it", async () => {
  const asked: (FinishedUpload & { readonly text: string })[] = [];
  const inner = new MemoryStorage();
  const storage = atomic(inner, {
    beforePublish: async (upload, file) => {
      const into = new Uint8Array(100);
      const count = await file.read(into, 0);
      asked.push({ ...upload, text: new TextDecoder().decode(into.subarray(0, count)) });
      assertEquals(await textIn(inner, upload.draft!), "content");
    },
  });
  await put(storage, "/file", "content");
  await put(storage, "/file", "content");
  const expected = { path: "/file", size: 7, text: "content" };
  assertEquals(asked.map(({ draft: _, ...rest }) => rest), [
    { ...expected, replaces: false },
    { ...expected, replaces: true },
  ]);
});

Deno.test("a hook that refuses an upload leaves the old content, and CLOSE fails as it says", async () => {
  const inner = new MemoryStorage();
  await put(inner, "/file", "old");
  const storage = atomic(inner, {
    beforePublish: () => {
      throw new StorageError("failure", "found EICAR");
    },
  });
  await assertRejects(() => put(storage, "/file", "virus"), StorageError, "found EICAR");
  await assertRejects(() => put(storage, "/new", "virus"), StorageError, "found EICAR");
  assertEquals(await namesIn(inner), ["file"]);
  assertEquals(await textIn(inner, "/file"), "old");
});

Deno.test("a hook may take what it refuses to another place", async () => {
  const inner = new MemoryStorage();
  await inner.mkdir("/quarantine", {});
  const storage = atomic(inner, {
    beforePublish: ({ draft }) => {
      inner.rename(draft!, "/quarantine/1");
      throw new StorageError("failure", "found EICAR");
    },
  });
  await assertRejects(() => put(storage, "/new", "virus"), StorageError, "found EICAR");
  assertEquals([await namesIn(inner), await textIn(inner, "/quarantine/1")], [
    ["quarantine"],
    "virus",
  ]);
});

/** A directory that takes no new file, and files whose owner cannot be changed. */
class Stubborn extends FilteredStorage {
  constructor(inner: Storage, readonly takesFiles: boolean) {
    super(inner);
  }

  override open(path: string, options: OpenOptions) {
    if (options.create && !this.takesFiles) throw new StorageError("denied");
    const isNew = options.create;
    return new FilteredFile({
      ...fileOf(super.open(path, options) as FilteredFile),
      stat: () => ({ uid: isNew ? 1 : 2, gid: 3, size: 3, permissions: 0o100644 }),
      setAttrs({ uid }) {
        if (uid !== undefined) throw new StorageError("denied");
      },
    });
  }
}

function fileOf(file: FilteredFile): FileHandle {
  return {
    read: (into, position) => file.read(into, position),
    write: (data, position) => file.write(data, position),
    stat: () => file.stat(),
    setAttrs: (attrs) => file.setAttrs(attrs),
    close: (aborted) => file.close(aborted),
  };
}

Deno.test("a file that cannot be replaced as it is, is refused when it is opened", async () => {
  const inner = new MemoryStorage();
  await put(inner, "/file", "old");
  for (
    const [takesFiles, reason] of [
      [false, "its directory takes no new file, so it cannot be replaced in one step"],
      [true, "its owner or group cannot be kept"],
    ] as const
  ) {
    const storage = atomic(new Stubborn(inner, takesFiles));
    const opened = async () => void await open(storage, "/file", "write", "create", "truncate");
    await assertRejects(opened, StorageError, reason);
    const file = await open(storage, "/file", "write");
    await assertRejects(async () => await file.write(bytes("new"), 0), StorageError, reason);
    await file.close(false);
    assertEquals([await namesIn(inner), await textIn(inner, "/file")], [["file"], "old"]);
  }
});

Deno.test("a storage that cannot replace a file in one step is refused", () => {
  const inner = new MemoryStorage();
  const plain: Storage = { ...later(inner), extensions: {} };
  assertThrows(() => atomic(plain), StorageError, "cannot replace a file in one step");
});

function fixture(): { inner: MemoryStorage; storage: Storage } {
  const inner = new MemoryStorage();
  return { inner, storage: atomic(inner) };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
