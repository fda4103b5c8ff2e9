import { assertEquals } from "@std/assert";
import { Binary, ObjectId } from "mongodb";
import { check } from "../../../../lib/storage/gridfs/repair/check.ts";
import { checkGridFs, openGridFs } from "../../../../lib/storage/gridfs/open.ts";
import { needsMongo, withMongo } from "../../../support/mongodb.ts";
import { withBuckets, withSession } from "../support/buckets.ts";
import { driverWrites, open, randomBytes, subject } from "../support/content.ts";

Deno.test({
  name: "check() reports what is missing, hidden or without a name, and mends none of it",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const name = buckets.newName();
      const collection = (part: string) => buckets.db.collection(`${name}.${part}`);
      const storage = await buckets.storage(name);
      await subject(storage).mkdir("/d");
      await subject(storage).put("/whole", "content");
      await storage.close();
      const small = { chunkSizeBytes: 10 };
      const ids = [];
      for (const filename of ["middle", "end", "all", "d", "a\0b"]) {
        ids.push(await driverWrites(buckets.db, name, filename, randomBytes(30), small));
      }
      await collection("chunks").deleteOne({ "files_id": ids[0], n: 1 });
      await collection("chunks").deleteOne({ "files_id": ids[1], n: 2 });
      await collection("chunks").deleteMany({ "files_id": ids[2] });
      const expected = [
        "hidden by a file /d false",
        "missing chunks /all false",
        "missing chunks /end false",
        "missing chunks /middle false",
        "unusable name /a\0b: the name contains a NUL false",
      ];
      for (const mend of [false, true]) {
        const found = await check(await buckets.bucket(name), mend);
        const told = found.map(({ kind, what, mended }) => `${kind} ${what} ${mended}`);
        assertEquals(told.sort(), expected);
      }
      assertEquals(await collection("files").countDocuments({}), 6);
    }),
});

Deno.test({
  name: "check() removes chunks without a file when they are a day old, not before",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const name = buckets.newName();
      const bucket = await buckets.bucket(name);
      const [old, young] = [new ObjectId(), new ObjectId()];
      const data = new Binary(new Uint8Array(5));
      const dayBeforeYesterday = ObjectId.createFromTime(Date.now() / 1000 - 48 * 3600);
      await bucket.chunks.insert({ _id: dayBeforeYesterday, "files_id": old, n: 0, data });
      await bucket.chunks.insert({ _id: new ObjectId(), "files_id": young, n: 0, data });
      const told = async (mend: boolean) =>
        (await check(bucket, mend)).map(({ what, mended }) => `${what} ${mended}`);
      assertEquals(await told(false), [`1 of ${old} false`]);
      assertEquals(await told(true), [`1 of ${old} true`]);
      assertEquals(await told(true), []);
      const left = await bucket.chunks.all({});
      assertEquals(left.map(({ files_id: id }) => String(id)), [String(young)]);
    }),
});

Deno.test({
  name: "check() leaves alone what a live session is working on",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const file = await open(storage, "/a", "write", "create");
      await file.write(randomBytes(100), 0);
      await storage.extensions.fsync!(file);
      assertEquals(await check(await buckets.bucket(name), true), []);
      await file.close(false);
      assertEquals((await s.bytes("/a")).length, 100);
    }),
});

Deno.test({
  name: "checkGridFs() and openGridFs() take a URI, a database and a bucket",
  ...needsMongo(),
  fn: () =>
    withMongo(async ({ uri, database }) => {
      const options = { database, bucket: "mine", umask: 0o077, uid: 7, gid: 8 };
      const storage = await openGridFs(uri, options);
      await storage.mkdir("/d", {});
      const { permissions, uid, gid } = await storage.stat("/d");
      assertEquals([permissions, uid, gid], [0o040700, 7, 8]);
      await storage.close();
      assertEquals(await checkGridFs(uri, options), []);
    }),
});

Deno.test({
  name: "check() reports what cannot be served, each with its reason",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const name = buckets.newName();
      const files = buckets.db.collection(`${name}.files`);
      const chunks = buckets.db.collection(`${name}.chunks`);
      const nodes = buckets.db.collection<{ _id: unknown; [field: string]: unknown }>(
        `${name}.nodes`,
      );
      await driverWrites(buckets.db, name, "before", randomBytes(5));
      await chunks.dropIndexes();
      const write = (filename: string) =>
        driverWrites(buckets.db, name, filename, randomBytes(25), { chunkSizeBytes: 10 });
      const data = (length: number) => ({ $set: { data: new Binary(new Uint8Array(length)) } });
      await files.updateOne({ _id: await write("no length") }, { $unset: { length: "" } });
      await files.updateOne({ _id: await write("no size") }, { $set: { chunkSize: "10" } });
      await files.updateOne({ _id: await write("no date") }, { $set: { uploadDate: "2020" } });
      await files.updateOne({ _id: await write("list") }, { $set: { filename: ["a", "b"] } });
      await chunks.updateOne({ "files_id": await write("long"), n: 2 }, data(10));
      await chunks.updateOne({ "files_id": await write("short"), n: 0 }, data(9));
      await chunks.updateOne({ "files_id": await write("text"), n: 0 }, { $set: { data: "x" } });
      await chunks.insertOne({ "files_id": await write("twice"), n: 1, ...data(10).$set });
      await chunks.insertOne({ "files_id": await write("more"), n: 3, ...data(1).$set });
      await chunks.updateOne({ "files_id": await write("odd"), n: 1 }, { $set: { n: 1.5 } });
      await nodes.insertOne({ _id: "/l", parent: "/", target: 5 });
      await nodes.insertOne({ _id: "/d/e", parent: "/" });
      await nodes.insertOne({ _id: 5, parent: "/" });
      const bucket = await buckets.bucket(name);
      const found = await check(bucket, true);
      const told = found.map(({ kind, what, mended }) => `${kind}: ${what} ${mended}`).sort();
      const list = await files.findOne({ filename: "b" });
      assertEquals(told, [
        "missing chunks: /odd false",
        "unsound chunks: /long: chunk 2 of the file is too long false",
        "unsound chunks: /more: chunk 2 of the file is not its last false",
        "unsound chunks: /odd: a chunk has the number 1.5 false",
        "unsound chunks: /short: chunk 0 of the file is too short false",
        "unsound chunks: /text: chunk 0 of the file holds no bytes false",
        "unsound chunks: /twice: chunk 1 of the file is there twice false",
        "unsound file: /no date: the file's document has no uploadDate that is a date false",
        "unsound file: /no length: the file's document has no length false",
        'unsound file: /no size: the file\'s document has the chunkSize "10" false',
        "unsound node: /d/e: its document has another parent false",
        "unsound node: /l: the link's document has no target false",
        "unsound node: 5: its document has no path false",
        `unusable name: ${list!._id}: the name is not text false`,
      ]);
    }),
});
