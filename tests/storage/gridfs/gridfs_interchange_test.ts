import { assertEquals } from "@std/assert";
import { needsMongo } from "../../support/mongodb.ts";
import { withSession } from "./support/buckets.ts";
import { driverReads, driverWrites, randomBytes } from "./support/content.ts";

const CHUNK = 255 * 1024;

Deno.test({
  name: "the driver's own bucket reads what GridFsStorage writes",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, s }) => {
      await s.mkdir("/d");
      for (const length of [0, 1, 1024, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]) {
        const bytes = randomBytes(length);
        await s.put(`/d/${length}`, bytes);
        assertEquals(await driverReads(buckets.db, name, `d/${length}`), bytes);
      }
    }),
});

Deno.test({
  name: "GridFsStorage reads what the driver's own bucket writes, in chunks of any size",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, s }) => {
      for (const chunkSizeBytes of [1, 1000, CHUNK, 1024 * 1024]) {
        for (const length of [0, 1, 2000, 2001]) {
          const bytes = randomBytes(chunkSizeBytes === 1 ? Math.min(length, 50) : length);
          const filename = `${chunkSizeBytes}/${length}`;
          await driverWrites(buckets.db, name, filename, bytes, { chunkSizeBytes });
          assertEquals(await s.bytes("/" + filename), bytes);
        }
      }
    }),
});

Deno.test({
  name: "a file of GridFsStorage has the fields of the specification, and their types",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, s }) => {
      await s.put("/a", randomBytes(CHUNK + 5));
      const raw = { promoteLongs: false, promoteValues: false, projection: { data: 0 } };
      const file = await buckets.db.collection(`${name}.files`).findOne({}, raw);
      const types = (doc: object) =>
        Object.fromEntries(
          Object.entries(doc).map(([key, value]) => [key, value?._bsontype ?? typeof value]),
        );
      assertEquals(types(file!), {
        _id: "ObjectId",
        length: "Long",
        chunkSize: "Int32",
        uploadDate: "object",
        filename: "string",
        metadata: "object",
      });
      const chunks = await buckets.db.collection(`${name}.chunks`).find({}, raw).toArray();
      assertEquals(chunks.map((chunk) => [String(chunk.files_id), Number(chunk.n)]), [
        [String(file!._id), 0],
        [String(file!._id), 1],
      ]);
      assertEquals(types(chunks[0]!), { _id: "ObjectId", "files_id": "ObjectId", n: "Int32" });
    }),
});

Deno.test({
  name: "an edit keeps what others have put into a file's document, but not its old checksum",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const files = buckets.db.collection(`${name}.files`);
      for (const chunkSizeBytes of [1000, 10]) {
        // The second one is edited in place.
        const filename = `${chunkSizeBytes}`;
        await driverWrites(buckets.db, name, filename, randomBytes(500), {
          chunkSizeBytes,
          metadata: { author: "ada" },
        });
        await files.updateOne({ filename }, { $set: { md5: "sum", contentType: "text/plain" } });
        await storage.setAttrs("/" + filename, { permissions: 0o600 });
        await storage.setAttrs("/" + filename, { size: 499 });
        const doc = await files.findOne({ filename });
        assertEquals([doc?.md5, doc?.contentType], [undefined, "text/plain"]);
        assertEquals([doc?.metadata.author, doc?.metadata.mode], ["ada", 0o600]);
        assertEquals(await s.mode("/" + filename), 0o600);
        assertEquals((await driverReads(buckets.db, name, filename)).length, 499);
      }
    }),
});
