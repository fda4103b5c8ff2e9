import { assertEquals, assertRejects } from "@std/assert";
import { Binary, type Collection } from "mongodb";
import { ChunkReader } from "../../../../lib/storage/gridfs/versions/chunk_reader.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { type Buckets, withBuckets, withSession } from "../support/buckets.ts";
import { driverReads, driverWrites, open, randomBytes, subject } from "../support/content.ts";

Deno.test({
  name: "ChunkReader reads in any order, and the same again",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const bytes = randomBytes(40_000);
      const reader = await readerOf(buckets, bytes, 100);
      for (const position of [0, 99, 100, 30_000, 5, 39_950, 39_999, 40_000, 30_100, 0, 101]) {
        const into = new Uint8Array(250);
        const count = await reader.read(into, position);
        assertEquals(into.subarray(0, count), bytes.subarray(position, position + 250));
      }
      await reader.close();
    }),
});

Deno.test({
  name: "ChunkReader answers reads that overlap, in order and out of order",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const bytes = randomBytes(30_000);
      const reader = await readerOf(buckets, bytes, 100);
      const positions = Array.from({ length: 300 }, (_, index) => index * 100);
      positions.push(29_900, 3, 15_000);
      const parts = await Promise.all(positions.map(async (position) => {
        const into = new Uint8Array(100);
        return into.subarray(0, await reader.read(into, position));
      }));
      for (const [index, position] of positions.entries()) {
        assertEquals(parts[index], bytes.subarray(position, position + 100));
      }
      await reader.close();
    }),
});

Deno.test({
  name: "a chunk that is missing or too short fails the read, and not those before it",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const chunks = buckets.db.collection(`${name}.chunks`);
      await driverWrites(buckets.db, name, "a", randomBytes(100), { chunkSizeBytes: 10 });
      await chunks.deleteOne({ n: 5 });
      const file = await storage.open("/a", { ...READ, attrs: {} });
      assertEquals(await file.read(new Uint8Array(50), 0), 50);
      const missing = "chunk 5 of the file is missing";
      await s.refuses("failure", missing, () => file.read(new Uint8Array(50), 10));
      await chunks.updateOne({ n: 4 }, { $set: { n: 5 } });
      await file.close(false);
      await s.refuses("failure", "chunk 4 of the file is missing", () => s.bytes("/a"));
    }),
});

/** What another program may have done to the chunks of a file, and the error that a reader gets. */
const SPOILED: readonly (readonly [string, (chunks: Collection) => Promise<unknown>])[] = [
  [
    "chunk 5 of the file is too long",
    (chunks) => chunks.updateOne({ n: 5 }, { $set: { data: new Binary(new Uint8Array(11)) } }),
  ],
  [
    "chunk 5 of the file is too short",
    (chunks) => chunks.updateOne({ n: 5 }, { $set: { data: new Binary(new Uint8Array(9)) } }),
  ],
  [
    "chunk 9 of the file is too long",
    (chunks) => chunks.updateOne({ n: 9 }, { $set: { data: new Binary(new Uint8Array(10)) } }),
  ],
  [
    "chunk 5 of the file holds no bytes",
    (chunks) => chunks.updateOne({ n: 5 }, { $set: { data: "0123456789" } }),
  ],
  [
    "chunk 0 of the file holds no bytes",
    (chunks) => chunks.updateOne({ n: 0 }, { $unset: { data: "" } }),
  ],
  ["chunk 5 of the file is there twice", (chunks) => copyOf(chunks, 5, 5)],
  ["chunk 9 of the file is there twice", (chunks) => copyOf(chunks, 9, 9)],
  ["chunk 9 of the file is not its last", (chunks) => copyOf(chunks, 9, 10)],
  ["chunk 5 of the file is missing", (chunks) => chunks.deleteOne({ n: 5 })],
];

async function copyOf(chunks: Collection, n: number, number: number): Promise<void> {
  const { _id, ...chunk } = (await chunks.findOne({ n }))!;
  await chunks.insertOne({ ...chunk, n: number });
}

Deno.test({
  name: "chunks that the drivers would refuse are refused, in order and out of order",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      for (const [reason, spoil] of SPOILED) {
        const name = buckets.newName();
        const chunks = buckets.db.collection(`${name}.chunks`);
        const bytes = randomBytes(95);
        await driverWrites(buckets.db, name, "a", bytes, { chunkSizeBytes: 10 });
        await chunks.dropIndexes();
        await spoil(chunks);
        const storage = await buckets.storage(name);
        const s = subject(storage);
        await s.refuses("failure", reason, () => s.bytes("/a"));
        const file = await open(storage, "/a", "read");
        const n = Number(/\d/.exec(reason)?.[0]);
        await s.refuses("failure", reason, async () => await file.read(new Uint8Array(5), n * 10));
        assertEquals(await file.read(new Uint8Array(5), 20), 5);
        // The driver itself crashes on a chunk without bytes.
        if (!reason.endsWith("no bytes")) {
          await assertRejects(() => driverReads(buckets.db, name, "a"));
        }
        // An edit does not repair the file by cutting it.
        await s.refuses("failure", reason, async () => {
          const editor = await open(storage, "/a", "write");
          try {
            await editor.write(new Uint8Array(3), n * 10);
          } finally {
            await editor.close(true);
          }
        });
        await file.close(false);
        await storage.close();
      }
    }),
});

Deno.test({
  name: "an empty chunk after the last is ignored, as in the drivers",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, s }) => {
      const bytes = randomBytes(100);
      const id = await driverWrites(buckets.db, name, "a", bytes, { chunkSizeBytes: 10 });
      const data = new Binary(new Uint8Array(0));
      await buckets.db.collection(`${name}.chunks`).insertOne({ files_id: id, n: 10, data });
      assertEquals(await s.bytes("/a"), bytes);
    }),
});

Deno.test({
  name: "a handle of a file that another session makes longer reads it up to its old end",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const bytes = randomBytes(95);
      await driverWrites(buckets.db, name, "a", bytes, { chunkSizeBytes: 10 });
      const reader = await open(storage, "/a", "read");
      assertEquals(await reader.read(new Uint8Array(1), 0), 1);
      await s.storage.setAttrs("/a", { size: 120 });
      const into = new Uint8Array(100);
      assertEquals(await reader.read(into, 0), 95);
      assertEquals(into.subarray(0, 95), bytes);
      await reader.close(false);
    }),
});

const READ = {
  read: true,
  write: false,
  append: false,
  create: false,
  truncate: false,
  exclusive: false,
};

async function readerOf(
  buckets: Buckets,
  bytes: Uint8Array,
  chunkSizeBytes: number,
): Promise<ChunkReader> {
  const name = buckets.newName();
  const bucket = await buckets.bucket(name);
  await driverWrites(buckets.db, name, "a", bytes, { chunkSizeBytes });
  const doc = await bucket.files.first({ filename: "a" });
  return new ChunkReader(bucket, doc!);
}
