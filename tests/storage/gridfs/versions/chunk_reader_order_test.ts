import { assertEquals } from "@std/assert";
import { ChunkReader } from "../../../../lib/storage/gridfs/versions/chunk_reader.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { withBuckets } from "../support/buckets.ts";
import { driverWrites, randomBytes } from "../support/content.ts";

const MiB = 1024 * 1024;

/** Milliseconds in which the reader fetches everything that it fetches ahead. */
const PAUSE = 150;

Deno.test({
  name: "ChunkReader reads a whole file with one cursor, even if the client is slow",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const bytes = randomBytes(12 * MiB);
      const name = buckets.newName();
      const bucket = await buckets.bucket(name);
      await driverWrites(buckets.db, name, "a", bytes, { chunkSizeBytes: MiB });
      const doc = await bucket.files.first({ filename: "a" });
      const { chunks } = bucket;
      const [cursor, first] = [chunks.cursor.bind(chunks), chunks.first.bind(chunks)];
      let queries = 0;
      chunks.cursor = (...args) => (queries++, cursor(...args));
      chunks.first = (...args) => (queries++, first(...args));
      const reader = new ChunkReader(bucket, doc!);
      for (let position = 0; position < bytes.length; position += MiB) {
        const into = new Uint8Array(MiB);
        await reader.read(into, position);
        assertEquals(into, bytes.subarray(position, position + MiB));
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
      await reader.close();
      assertEquals(queries, 1);
    }),
});
