import { assert, assertEquals } from "@std/assert";
import { GridFSBucket } from "mongodb";
import { check } from "../../../lib/storage/gridfs/repair/check.ts";
import { needsMongo } from "../../support/mongodb.ts";
import { bytesOf, how, readAll, textAt } from "../../../lib/testing/subject.ts";
import { type Buckets, withBuckets } from "./support/buckets.ts";
import { driverReads, driverWrites, open, randomBytes, subject } from "./support/content.ts";

/** Two sessions on one bucket. */
async function withTwo(
  use: (two: {
    readonly here: Awaited<ReturnType<Buckets["storage"]>>;
    readonly there: Awaited<ReturnType<Buckets["storage"]>>;
    readonly name: string;
    readonly buckets: Buckets;
  }) => Promise<void>,
): Promise<void> {
  await withBuckets(async (buckets) => {
    const name = buckets.newName();
    const [here, there] = [await buckets.storage(name), await buckets.storage(name)];
    await use({ here, there, name, buckets });
    await here.close();
    await there.close();
  });
}

Deno.test({
  name: "a new file is seen by others when it is closed, and before that only by its own session",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, there }) => {
      const file = await open(here, "/a", "write", "create");
      await file.write(randomBytes(1_000_000), 0);
      await here.extensions.fsync!(file);
      assertEquals(await subject(there).kind("/a"), "nothing");
      assertEquals(await subject(there).names("/"), []);
      await here.setAttrs("/a", { permissions: 0o600, atime: 5, mtime: 6 });
      assertEquals((await here.lstat("/a")).size, 1_000_000);
      await file.close(false);
      const { size, permissions, mtime } = await there.stat("/a");
      assertEquals([size, permissions! & 0o777, mtime], [1_000_000, 0o600, 6]);
    }),
});

Deno.test({
  name: "a new file that is renamed or removed before it is closed appears at its new name, or not",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, there }) => {
      const [first, second] = [
        await open(here, "/a", "write", "create"),
        await open(here, "/b", "write", "create"),
      ];
      await here.mkdir("/d", {});
      await here.rename("/a", "/d/c");
      await here.rename("/d", "/e");
      await here.remove("/b");
      await first.close(false);
      await second.close(false);
      assertEquals(await subject(there).names("/"), ["e"]);
      assertEquals(await subject(there).names("/e"), ["c"]);
    }),
});

Deno.test({
  name: "the old content is read until the new one is closed, and longer through open handles",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, there }) => {
      await subject(here).put("/a", "old");
      const reader = await open(there, "/a", "read");
      const file = await open(here, "/a", "write", "create", "truncate");
      await file.write(bytesOf("newer"), 0);
      await here.extensions.fsync!(file);
      assertEquals(await subject(there).get("/a"), "old");
      await file.close(false);
      assertEquals(await subject(there).get("/a"), "newer");
      assertEquals(await textAt(reader, 0, 10), "old");
      await reader.close(false);
    }),
});

Deno.test({
  name: "what breaks off leaves nothing in any collection",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, name, buckets }) => {
      await driverWrites(buckets.db, name, "edited", randomBytes(100), { chunkSizeBytes: 5 });
      const before = await countAll(buckets, name);
      for (const path of ["/new", "/edited"]) {
        const file = await open(here, path, "write", "create");
        await file.write(randomBytes(50), 3);
        await here.extensions.fsync!(file);
        await file.close(true);
      }
      assertEquals(await countAll(buckets, name), before);
      assertEquals(await subject(here).names("/"), ["edited"]);
    }),
});

Deno.test({
  name: "of two sessions that write one file the last to close wins, with all of its content",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, there, name, buckets }) => {
      // In place by the first, by a copy for the second; then both rewrite it; then one of each.
      for (const truncated of [[], ["here", "there"], ["here"], ["there"]]) {
        for (const lastIsHere of [true, false]) {
          const path = `/${truncated} ${lastIsHere}`;
          const filename = path.slice(1);
          const old = randomBytes(100);
          await driverWrites(buckets.db, name, filename, old, { chunkSizeBytes: 5 });
          const flags = (who: string) =>
            truncated.includes(who) ? how("write", "truncate") : how("write");
          const first = await here.open(path, flags("here"));
          const second = await there.open(path, flags("there"));
          await first.write(bytesOf("here"), 10);
          await second.write(bytesOf("there"), 50);
          await (lastIsHere ? second : first).close(false);
          await (lastIsHere ? first : second).close(false);
          const base = truncated.includes(lastIsHere ? "here" : "there") ? new Uint8Array(0) : old;
          const at = lastIsHere ? 10 : 50;
          const text = bytesOf(lastIsHere ? "here" : "there");
          const expected = new Uint8Array(Math.max(base.length, at + text.length));
          expected.set(base);
          expected.set(text, at);
          assertEquals(await subject(here).bytes(path), expected, path);
          assertEquals(await driverReads(buckets.db, name, filename), expected, path);
        }
      }
    }),
});

Deno.test({
  name: "a file that comes while another session makes it anew is not overwritten by `exclusive`",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, there }) => {
      const file = await open(here, "/a", "write", "create", "exclusive");
      await file.write(bytesOf("mine"), 0);
      await subject(there).put("/a", "theirs");
      await subject(here).refuses("failure", "file exists", () => file.close(false));
      assertEquals(await subject(here).get("/a"), "theirs");
    }),
});

Deno.test({
  name:
    "an edit in the middle of a large file sends the chunks that it changes, and the rest at close",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, name, buckets }) => {
      const bytes = randomBytes(1000);
      const id = await driverWrites(buckets.db, name, "a", bytes, { chunkSizeBytes: 10 });
      const chunks = buckets.db.collection(`${name}.chunks`);
      const before = await chunks.find({ "files_id": id }).sort({ n: 1 }).toArray();
      const file = await open(here, "/a", "read", "write");
      await file.write(bytesOf("0123456789ab"), 305);
      await here.extensions.fsync!(file);
      assertEquals(await chunks.countDocuments({}), 102);
      const edited = bytes.slice();
      edited.set(bytesOf("0123456789ab"), 305);
      assertEquals(await readAll(file), edited);
      await file.close(false);
      assertEquals(await driverReads(buckets.db, name, "a"), edited);
      // A reader of the old version has all of it, as long as it is kept.
      assertEquals(await chunks.find({ "files_id": id }).sort({ n: 1 }).toArray(), before);
      const journal = await buckets.db.collection(`${name}.journal`).find({}).toArray();
      assertEquals(journal.map(({ kind, file }) => [kind, file]), [["retired", id]]);
    }),
});

Deno.test({
  name: "an edit cuts and lengthens a large file",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, name, buckets }) => {
      const bytes = randomBytes(200);
      for (const size of [0, 1, 55, 60, 199, 200, 205, 260]) {
        await driverWrites(buckets.db, name, `${size}`, bytes, { chunkSizeBytes: 10 });
        await here.setAttrs(`/${size}`, { size });
        const expected = new Uint8Array(size);
        expected.set(bytes.subarray(0, size));
        assertEquals(await driverReads(buckets.db, name, `${size}`), expected);
        assertEquals(await subject(here).bytes(`/${size}`), expected);
      }
      const ids = await buckets.db.collection(`${name}.files`).distinct("_id");
      const chunks = buckets.db.collection(`${name}.chunks`);
      const count = await chunks.countDocuments({ "files_id": { $in: ids } });
      assertEquals(count, 0 + 1 + 6 + 6 + 20 + 20 + 21 + 26);
    }),
});

Deno.test({
  name: "a file that a driver deletes while it is edited is closed complete, or not at all",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, name, buckets }) => {
      const bucket = new GridFSBucket(buckets.db, { bucketName: name });
      // At the beginning; the rest is fetched ahead, and is there when the file is removed.
      for (const [filename, position] of [["whole", 0], ["cut", 55]] as const) {
        const bytes = randomBytes(100);
        const id = await driverWrites(buckets.db, name, filename, bytes, { chunkSizeBytes: 10 });
        const file = await open(here, `/${filename}`, "write");
        await file.write(bytesOf("new"), position);
        await here.extensions.fsync!(file);
        await bucket.delete(id);
        if (filename === "cut") {
          const missing = "chunk 0 of the file is missing";
          await subject(here).refuses("failure", missing, () => file.close(false));
          continue;
        }
        await file.close(false);
        bytes.set(bytesOf("new"));
        assertEquals(await driverReads(buckets.db, name, filename), bytes);
      }
      assertEquals(await subject(here).names("/"), ["whole"]);
      assertEquals(await countAll(buckets, name), [1, 10, 0, 0]);
    }),
});

Deno.test({
  name:
    "a file is read by a driver, the old or the new content whole, while it is edited again and again",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, there, name, buckets }) => {
      await driverWrites(buckets.db, name, "a", new Uint8Array(600), { chunkSizeBytes: 20 });
      let isOver = false;
      const reading = (async () => {
        const seen = new Set<number>();
        while (!isOver) {
          for (
            const bytes of [
              await driverReads(buckets.db, name, "a"),
              await subject(there).bytes("/a"),
            ]
          ) {
            assertEquals([bytes.length, new Set(bytes).size], [600, 1]);
            seen.add(bytes[0]!);
          }
        }
        return seen.size;
      })();
      for (let count = 1; count <= 8; count++) {
        const file = await open(here, "/a", "write");
        await file.write(new Uint8Array(600).fill(count), 0);
        await file.close(false);
      }
      isOver = true;
      assert(await reading > 1);
    }),
});

Deno.test({
  name: "what an edit began from is kept until it is closed, however long ago it was replaced",
  ...needsMongo(),
  fn: () =>
    withTwo(async ({ here, there, name, buckets }) => {
      await driverWrites(buckets.db, name, "a", bytesOf("0123456789"), { chunkSizeBytes: 1 });
      const file = await open(here, "/a", "write");
      await file.write(bytesOf("x"), 0);
      await here.extensions.fsync!(file);
      await subject(there).put("/a", "theirs");
      await buckets.db.collection(`${name}.journal`)
        .updateMany({ kind: "retired" }, { $set: { due: new Date(0) } });
      await check(await buckets.bucket(name), true);
      await file.close(false);
      assertEquals(await subject(there).get("/a"), "x123456789");
    }),
});

async function countAll(buckets: Buckets, name: string): Promise<number[]> {
  const names = ["files", "chunks", "nodes", "journal"];
  return await Promise.all(
    names.map((part) => buckets.db.collection(`${name}.${part}`).countDocuments({})),
  );
}
