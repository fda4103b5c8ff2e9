import { assertEquals } from "@std/assert";
import { MaxKey, Timestamp } from "mongodb";
import { timeOf } from "../../../../lib/storage/gridfs/database/documents.ts";
import { bytesOf } from "../../../../lib/testing/subject.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { withSession } from "../support/buckets.ts";
import { driverReads, driverWrites, open, randomBytes } from "../support/content.ts";

Deno.test("timeOf() is the time of a date, and the oldest time for anything else", () => {
  assertEquals([timeOf(new Date(5)), timeOf(new Date(-5))], [5, -5]);
  for (const date of [undefined, null, "2020-01-01", 5, new Date(NaN), {}, new MaxKey()]) {
    assertEquals(timeOf(date), -8.64e15);
  }
  assertEquals(new Date(timeOf(new Date(8.64e15)) + 1).getTime(), 8.64e15);
});

Deno.test({
  name:
    "a file whose uploadDate is missing or not a date is replaced, edited and renamed like others",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const files = buckets.db.collection(`${name}.files`);
      const dates = [
        undefined,
        null,
        "2020-01-01",
        5,
        new Timestamp({ t: 1, i: 1 }),
        new Date(NaN),
      ];
      for (const [index, date] of dates.entries()) {
        const make = async (filename: string) => {
          await s.put(`/${filename}`, "old");
          const change = date === undefined
            ? { $unset: { uploadDate: "" } }
            : { $set: { uploadDate: date } };
          await files.updateOne({ filename }, change);
        };
        await make("put");
        await s.put("/put", "new");
        assertEquals(await s.get("/put"), "new");

        await make("append");
        const file = await open(storage, "/append", "write", "append");
        await file.write(bytesOf("er"), 0);
        await file.close(false);
        assertEquals(await s.get("/append"), "older");

        await make("target");
        await s.put("/source", "source");
        await storage.extensions.posixRename!("/source", "/target");
        assertEquals(await s.get("/target"), "source");

        await make("source");
        await storage.extensions.posixRename!("/source", "/target");
        assertEquals(await s.get("/target"), "old");
        assertEquals(await s.kind("/source"), "nothing");

        await storage.setAttrs("/target", { size: 1, mtime: 6, atime: 6 });
        assertEquals([await s.get("/target"), (await storage.stat("/target")).mtime], ["o", 6]);
        assertEquals((await s.names("/")).length, 3, `date ${index}`);
        for (const path of await s.names("/")) await storage.remove("/" + path);
      }
    }),
});

Deno.test({
  name:
    "a large file whose uploadDate is missing is edited in place, and copied where another does",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const bytes = randomBytes(100);
      await driverWrites(buckets.db, name, "a", bytes, { chunkSizeBytes: 5 });
      await buckets.db.collection(`${name}.files`).updateOne({}, { $unset: { uploadDate: "" } });
      const first = await open(storage, "/a", "write");
      const second = await open(storage, "/a", "write");
      await first.write(bytesOf("here"), 0);
      await second.write(bytesOf("there"), 50);
      await first.close(false);
      await second.close(false);
      bytes.set(bytesOf("there"), 50);
      assertEquals(await s.bytes("/a"), bytes);
      assertEquals(await driverReads(buckets.db, name, "a"), bytes);
    }),
});

Deno.test({
  name:
    "of several files with one name those with a date come before those without, and the newest",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const files = buckets.db.collection(`${name}.files`);
      const odd = [new Timestamp({ t: 1, i: 1 }), undefined, "text", new Timestamp({ t: 2, i: 1 })];
      for (const [index, uploadDate] of odd.entries()) {
        const file = { length: 0, chunkSize: 5, filename: "a", metadata: { uid: 50 + index } };
        await files.insertOne(uploadDate === undefined ? file : { ...file, uploadDate });
      }
      assertEquals(await s.names("/"), ["a"]);
      await s.put("/a", "new");
      assertEquals(await s.get("/a"), "new");
      const [entry] = await s.list("/");
      assertEquals(entry!.attrs.size, 3);
      await s.put("/b", "newer");
      await storage.extensions.posixRename!("/b", "/a");
      assertEquals(await s.get("/a"), "newer");
      assertEquals(await files.countDocuments({}), 1);
    }),
});
