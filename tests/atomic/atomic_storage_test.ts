import { assertEquals, assertRejects } from "@std/assert";
import { atomic } from "../../lib/atomic/atomic.ts";
import { maxFileSize } from "../../lib/policy/max_file_size.ts";
import { applyPolicies } from "../../lib/policy/access.ts";
import { uploadOnly } from "../../lib/policy/upload_only.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { type FilteredFile, FilteredStorage } from "../../lib/storage/filtered_storage.ts";
import type { CopyRange, FileHandle, Storage } from "../../lib/storage/storage.ts";
import { ask, Code, Flag } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";
import { namesIn, open, put, textIn } from "./support.ts";

/** A storage, and two sessions on it; `other` is a program that looks at it directly. */
async function site() {
  const other = new MemoryStorage();
  await put(other, "/old", "old content");
  return { other, storage: atomic(other), second: atomic(other) };
}

async function uploading(storage: Storage, path: string, text: string): Promise<FileHandle> {
  const file = await open(storage, path, "write", "create", "truncate");
  await file.write(new TextEncoder().encode(text), 0);
  return file;
}

const exists = async (storage: Storage, path: string) => {
  try {
    await storage.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof StorageError && error.code === "not-found") return false;
    throw error;
  }
};

Deno.test("the session finds what it is writing, and others do not", async () => {
  const { other, storage, second } = await site();
  await other.mkdir("/in", {});
  await other.symlink("in", "/link");
  const file = await uploading(storage, "/link/new", "12345");
  for (const path of ["/in/new", "/link/new"]) {
    assertEquals((await storage.stat(path)).size, 5, path);
    assertEquals((await storage.lstat(path)).size, 5, path);
    assertEquals(await textIn(storage, path), "12345", path);
  }
  assertEquals((await file.stat()).size, 5);
  for (const storage of [other, second]) assertEquals(await exists(storage, "/in/new"), false);
  await file.close(false);
  assertEquals(await textIn(second, "/in/new"), "12345");
});

Deno.test("links at the target are followed, also those that lead to nothing yet", async () => {
  const { other, storage } = await site();
  for (const [name, target] of [["a", "old"], ["b", "new"]] as const) {
    await other.symlink(target, `/${name}`);
    const file = await uploading(storage, `/${name}`, name);
    assertEquals((await storage.stat(`/${name}`)).size, 1);
    await file.close(false);
    assertEquals([await textIn(other, `/${target}`), other.readLink(`/${name}`)], [name, target]);
  }
});

Deno.test("a listing has what the session is writing, with its size so far", async () => {
  const { storage, second } = await site();
  const files = [await uploading(storage, "/new", "12345"), await uploading(storage, "/old", "1")];
  const dir = await storage.openDir("/");
  const listed = new Map<string, number | undefined>();
  for (;;) {
    const entries = await dir.next(2);
    if (entries.length === 0) break;
    for (const { name, attrs } of entries) listed.set(name, attrs.size);
  }
  await dir.close();
  assertEquals([listed.get("new"), listed.get("old")], [5, 1]);
  assertEquals(await namesIn(second), ["old"]);
  for (const file of files) await file.close(false);
});

Deno.test("create, close and open again, as sshfs does, and touch without writing", async () => {
  const { other, storage } = await site();
  const made = await open(storage, "/new", "write", "create", "exclusive");
  await made.close(false);
  assertEquals((await other.stat("/new")).size, 0);
  const again = await open(storage, "/new", "read", "write");
  await again.write(new TextEncoder().encode("text"), 0);
  assertEquals((await storage.stat("/new")).size, 4);
  assertEquals((await other.stat("/new")).size, 0);
  await again.close(false);
  assertEquals(await textIn(other, "/new"), "text");
  const touched = await open(storage, "/old", "write", "create");
  await touched.setAttrs({ atime: 1, mtime: 2 });
  await touched.close(false);
  assertEquals([(await other.stat("/old")).mtime, await textIn(other, "/old")], [2, "old content"]);
});

Deno.test("a file that is continued or changed in the middle is published whole", async () => {
  const { other, storage } = await site();
  const file = await open(storage, "/old", "write");
  await file.write(new TextEncoder().encode("NEW"), 4);
  const appending = await open(storage, "/old", "write", "append");
  await appending.write(new TextEncoder().encode("!"), 0);
  assertEquals(await textIn(storage, "/old"), "old NEWtent!");
  assertEquals(await textIn(other, "/old"), "old content");
  // What one handle has written is not lost, though the other goes on.
  await appending.close(false);
  assertEquals(await textIn(other, "/old"), "old NEWtent!");
  await file.write(new TextEncoder().encode("N"), 0);
  assertEquals(await textIn(other, "/old"), "old NEWtent!");
  await file.close(false);
  assertEquals(await textIn(other, "/old"), "Nld NEWtent!");
  assertEquals(await namesIn(other), ["old"]);
});

Deno.test("a size that is set by path is published in one step, and followed by the rest", async () => {
  const { other, storage } = await site();
  const reader = await open(other, "/old", "read");
  await storage.setAttrs("/old", { size: 3, permissions: 0o640 });
  assertEquals([await textIn(other, "/old"), (await reader.stat()).size], ["old", 11]);
  assertEquals((await other.stat("/old")).permissions! & 0o777, 0o640);
  const file = await uploading(storage, "/new", "12345");
  await storage.setAttrs("/new", { size: 2, mtime: 7, atime: 7 });
  assertEquals(await exists(other, "/new"), false);
  await file.close(false);
  assertEquals([await textIn(other, "/new"), (await other.stat("/new")).mtime], ["12", 7]);
});

Deno.test("a rename of what the session is writing is followed, also of a folder above it", async () => {
  const { other, storage } = await site();
  await storage.mkdir("/in", {});
  await storage.mkdir("/elsewhere", {});
  const file = await uploading(storage, "/in/a", "12");
  await storage.rename("/in/a", "/elsewhere/b");
  assertEquals(await exists(storage, "/in/a"), false);
  await assertRejects(async () => await storage.mkdir("/elsewhere/b", {}), StorageError, "exists");
  await assertRejects(async () => await storage.rename("/old", "/elsewhere/b"), StorageError);
  await storage.rename("/elsewhere", "/moved");
  assertEquals((await storage.stat("/moved/b")).size, 2);
  await file.close(false);
  assertEquals([await namesIn(other, "/moved"), await namesIn(other, "/in")], [["b"], []]);
  const replacing = await uploading(storage, "/new", "new content");
  await storage.extensions.posixRename!("/new", "/old");
  assertEquals(await textIn(other, "/old"), "old content");
  await replacing.close(false);
  assertEquals(await textIn(other, "/old"), "new content");
});

Deno.test("what is removed or replaced while it is written does not come back", async () => {
  const { other, storage } = await site();
  const removed = await uploading(storage, "/old", "12");
  await storage.remove("/old");
  assertEquals([await exists(storage, "/old"), await exists(other, "/old")], [false, false]);
  await removed.write(new Uint8Array(1), 2);
  await removed.close(false);
  assertEquals(await namesIn(other), []);
  const replaced = await uploading(storage, "/new", "12");
  await put(storage, "/other", "other");
  await storage.extensions.posixRename!("/other", "/new");
  await replaced.close(false);
  assertEquals([await namesIn(other), await textIn(other, "/new")], [["new"], "other"]);
});

Deno.test("of several writers the last to close wins, whole, within a session and between two", async () => {
  const { other, storage, second } = await site();
  const writers = [];
  for (const [session, text] of [[storage, "first"], [second, "2"], [storage, "third"]] as const) {
    writers.push(await uploading(session, "/old", text));
  }
  for (const [index, text] of [[1, "2"], [0, "first"], [2, "third"]] as const) {
    await writers[index]!.close(false);
    assertEquals(await textIn(other, "/old"), text);
  }
  assertEquals(await namesIn(other), ["old"]);
});

Deno.test("of several exclusive writers the first to close wins", async () => {
  const { other, storage, second } = await site();
  const [one, two] = await Promise.all(
    [storage, second].map((session) => open(session, "/new", "write", "create", "exclusive")),
  );
  await two!.write(new TextEncoder().encode("two"), 0);
  await two!.close(false);
  await assertRejects(async () => await one!.close(false), StorageError, "file exists");
  assertEquals([await textIn(other, "/new"), await namesIn(other)], ["two", ["new", "old"]]);
});

Deno.test("a drop box takes a name again whose upload broke off, and shows no half", async () => {
  const other = new MemoryStorage();
  const session = () => applyPolicies(atomic(other), [uploadOnly()]).storage;
  const broken = await uploading(session(), "/invoice", "half");
  assertEquals(await exists(other, "/invoice"), false);
  await broken.close(true);
  await put(session(), "/invoice", "whole");
  assertEquals(await textIn(other, "/invoice"), "whole");
  await assertRejects(() => put(session(), "/invoice", "again"), StorageError);
});

Deno.test("a WRITE that a policy refuses keeps the upload from being published", async () => {
  const { other, storage } = await site();
  const limited = applyPolicies(storage, [maxFileSize(8)]).storage;
  const dialogue = new Dialogue(limited);
  const flags = Flag.WRITE | Flag.CREAT | Flag.TRUNC;
  for (const name of ["/old", "/new"]) {
    const handle = await dialogue.handle(ask.open(name, flags));
    const replies = [
      await dialogue.ask(ask.write(handle, 0, "12345")),
      await dialogue.ask(ask.write(handle, 5, "6789")),
      await dialogue.ask(ask.close(handle)),
    ];
    assertEquals(
      replies.map((reply) => reply.kind === "status" && [reply.code, reply.message]),
      [
        [Code.OK, "Success"],
        [Code.FAILURE, "Failure: larger than the 8 bytes that a file may have"],
        [Code.FAILURE, "Failure: not published, because a change had failed"],
      ],
    );
  }
  assertEquals([await namesIn(other), await textIn(other, "/old")], [["old"], "old content"]);
});

Deno.test("a file that is overwritten from its beginning, as by scp, is not copied", async () => {
  const { other } = await site();
  const counter = new CopyCounter(other);
  const storage = atomic(counter);
  const file = await open(storage, "/old", "write", "create");
  for (const [at, text] of [[0, "1234"], [4, "5678"], [2, "!"]] as const) {
    await file.write(new TextEncoder().encode(text), at);
  }
  assertEquals((await storage.stat("/old")).size, 11);
  await file.setAttrs({ size: 8 });
  assertEquals(await textIn(other, "/old"), "old content");
  await file.close(false);
  assertEquals([await textIn(other, "/old"), counter.copies], ["12!45678", 0]);
  const shorter = await open(storage, "/old", "read", "write");
  await shorter.write(new TextEncoder().encode("ab"), 0);
  assertEquals(await textIn(storage, "/old"), "ab!45678");
  await shorter.write(new TextEncoder().encode("c"), 2);
  await shorter.close(false);
  assertEquals([await textIn(other, "/old"), counter.copies], ["abc45678", 1]);
});

/** Counts what is copied. */
class CopyCounter extends FilteredStorage {
  copies = 0;

  override copyData(range: CopyRange<FilteredFile>) {
    this.copies++;
    return super.copyData(range);
  }
}
