import { assertEquals } from "@std/assert";
import { ChunkReader } from "../../../lib/storage/gridfs/chunk_reader.ts";
import { needsMongo } from "../../support/mongodb.ts";
import { type Buckets, withBuckets, withSession } from "./support/buckets.ts";
import { driverWrites, randomBytes } from "./support/content.ts";

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
