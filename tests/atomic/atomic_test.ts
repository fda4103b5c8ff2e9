import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { atomic } from "../../lib/atomic/atomic.ts";
import type { FinishedUpload } from "../../lib/atomic/options.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { Storage } from "../../lib/storage/storage.ts";
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
