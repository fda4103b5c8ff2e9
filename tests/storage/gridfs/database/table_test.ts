import { assertEquals, assertRejects } from "@std/assert";
import { Binary, MongoClient } from "mongodb";
import { Bucket } from "../../../../lib/storage/gridfs/database/bucket.ts";
import { ChunkReader } from "../../../../lib/storage/gridfs/versions/chunk_reader.ts";
import { ChunkSender } from "../../../../lib/storage/gridfs/versions/chunk_sender.ts";
import type { FileDoc } from "../../../../lib/storage/gridfs/database/documents.ts";
import { Silence } from "../../../../lib/storage/gridfs/database/gridfs_errors.ts";
import { Link } from "../../../../lib/storage/gridfs/database/link.ts";
import { figuresOf } from "../../../../lib/storage/gridfs/space.ts";
import { Table } from "../../../../lib/storage/gridfs/database/table.ts";
import { needsFerretDb, withKillableMongo } from "../../../support/mongodb.ts";
import { driverWrites, randomBytes } from "../support/content.ts";
import { LazyLine } from "../support/lazy_line.ts";

/** Milliseconds for a quick operation, and those that the database takes. */
const [ATTEMPT, SLOWNESS] = [150, 600];

Deno.test({
  name: "an operation on many documents gets more time than a quick one",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async ({ uri, database }) => {
      await using line = new LazyLine(Number(new URL(uri).port));
      const client = new MongoClient(`mongodb://127.0.0.1:${line.port}/`);
      await client.connect();
      // This client belongs to the test; the link must not throw it away.
      const link = new Link({ attempt: ATTEMPT, reach: () => ({ db: client.db(database) }) });
      const table = new Table<{ _id: number }>(link, "c");
      const bucket = new Bucket({ link, name: "b" });
      await client.db(database).createCollection("b.chunks");
      await table.write([1, 2, 3].map((_id) => ({ insertOne: { document: { _id } } })));
      const bytes = randomBytes(50);
      await driverWrites(client.db(database), "b", "a", bytes, { chunkSizeBytes: 10 });
      const doc = await client.db(database).collection<FileDoc>("b.files").findOne({});
      line.delay = SLOWNESS;
      try {
        await assertRejects(() => table.first({ _id: 1 }), Silence);
        await table.write([4, 5].map((_id) => ({ insertOne: { document: { _id } } })));
        const found: number[] = [];
        for await (const { _id } of table.each({}, { sort: { _id: 1 } })) found.push(_id);
        assertEquals(found, [1, 2, 3, 4, 5]);
        assertEquals((await table.all({}, { isMany: true })).length, 5);
        const id = new Binary(new Uint8Array(1)) as never;
        const sender = new ChunkSender(bucket, id, () => Promise.resolve());
        await sender.put(0, new Uint8Array(5));
        await sender.flush();
        assertEquals(sender.sent.size, 1);
        const reader = new ChunkReader(bucket, doc!);
        const into = new Uint8Array(50);
        assertEquals(await reader.read(into, 0), 50);
        assertEquals(into, bytes);
        await reader.close();
        assertEquals((await figuresOf(bucket)).frsize, 4096n);
      } finally {
        line.delay = 0;
        await client.close();
      }
    }),
});
