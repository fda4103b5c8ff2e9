import { assertEquals } from "@std/assert";
import { Budget } from "../../../../lib/storage/remote/budget.ts";
import { ChunkReader } from "../../../../lib/storage/gridfs/versions/chunk_reader.ts";
import { GridFsStorage } from "../../../../lib/storage/gridfs/gridfs.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { withBuckets } from "../support/buckets.ts";
import { driverWrites, open, randomBytes } from "../support/content.ts";

const FILES = 12;
const PIECE = 400_000;

Deno.test({
  name: "a reader fetches less at once when others read as well, and continues where it was",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const content = randomBytes(40_000);
      const name = buckets.newName();
      const budget = new Budget(64_000);
      const bucket = await buckets.bucket(name, { budget });
      await driverWrites(buckets.db, name, "a", content, { chunkSizeBytes: 1000 });
      const sizes: (number | undefined)[] = [];
      const cursor = bucket.chunks.cursor.bind(bucket.chunks);
      bucket.chunks.cursor = (filter, options) => {
        sizes.push(options?.batchSize);
        return cursor(filter, options);
      };
      const reader = new ChunkReader(bucket, (await bucket.files.first({ filename: "a" }))!);
      for (let position = 0; position < content.length; position += 1000) {
        if (position === 5000) { for (let count = 0; count < 15; count++) budget.join({}); }
        const into = new Uint8Array(1000);
        assertEquals(await reader.read(into, position), 1000);
        assertEquals(into, content.subarray(position, position + 1000));
      }
      await reader.close();
      assertEquals([sizes[0], sizes.at(-1)], [32, 2]);
    }),
});

Deno.test({
  name: "a session with next to no memory writes and reads in any order",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const bucket = await buckets.bucket(buckets.newName(), { budget: new Budget(1) });
      const storage = new GridFsStorage(bucket, {});
      const content = randomBytes(6 * PIECE);
      const order = [4, 0, 5, 2, 1, 3].map((index) => index * PIECE);
      const written = await open(storage, "/file", "write", "create");
      for (const position of order) {
        await written.write(content.subarray(position, position + PIECE), position);
      }
      await written.close(false);
      const read = await open(storage, "/file", "read");
      for (const position of order) {
        const into = new Uint8Array(PIECE);
        assertEquals(await read.read(into, position), PIECE);
        assertEquals(into, content.subarray(position, position + PIECE));
      }
      await read.close(false);
      await storage.close();
    }),
});

Deno.test({
  name: `${FILES} files are written and read in turn, and share the memory of the session`,
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const storage = await buckets.storage();
      const content = randomBytes(2 * PIECE);
      const paths = Array.from({ length: FILES }, (_, index) => `/${index}`);
      const files = await Promise.all(paths.map((path) => open(storage, path, "write", "create")));
      for (const position of [0, PIECE]) {
        for (const file of files) {
          await file.write(content.subarray(position, position + PIECE), position);
        }
      }
      await Promise.all(files.map((file) => file.close(false)));
      const read = await Promise.all(paths.map((path) => open(storage, path, "read")));
      for (const position of [0, PIECE]) {
        for (const file of read) {
          const into = new Uint8Array(PIECE);
          assertEquals(await file.read(into, position), PIECE);
          assertEquals(into, content.subarray(position, position + PIECE));
        }
      }
      await Promise.all(read.map((file) => file.close(false)));
      await storage.close();
    }),
});
