import { assertEquals } from "@std/assert";
import type { ClientSession } from "mongodb";
import type { Atomically } from "../../../../lib/storage/gridfs/database/bucket.ts";
import { GridFsStorage } from "../../../../lib/storage/gridfs/gridfs.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { withBuckets, withSession } from "../support/buckets.ts";
import { driverWrites, open, randomBytes, subject } from "../support/content.ts";

Deno.test({
  name: "of sessions that rename to one name at once one does it, and the others' files stay",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const name = buckets.newName();
      const storages = await Promise.all(Array.from({ length: 5 }, () => buckets.storage(name)));
      for (const index of storages.keys()) await subject(storages[0]!).put(`/${index}`, `${index}`);
      const results = await Promise.allSettled(
        storages.map((storage, index) => storage.rename(`/${index}`, "/new")),
      );
      const done = results.flatMap(({ status }, index) => status === "fulfilled" ? [index] : []);
      assertEquals(done.length, 1);
      assertEquals(await subject(storages[0]!).get("/new"), `${done[0]}`);
      assertEquals((await subject(storages[0]!).names("/")).length, 5);
      for (const storage of storages) await storage.close();
    }),
});

Deno.test({
  name: "of sessions that make one name at once one makes it, be it a directory or a link",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const name = buckets.newName();
      const storages = await Promise.all(Array.from({ length: 6 }, () => buckets.storage(name)));
      const results = await Promise.allSettled(
        storages.map((storage, index) =>
          index % 2 === 0 ? storage.mkdir("/a", {}) : storage.symlink("b", "/a")
        ),
      );
      assertEquals(results.filter(({ status }) => status === "fulfilled").length, 1);
      for (const storage of storages) await storage.close();
    }),
});

Deno.test({
  name: "rename() of a directory moves more files than fit in one request",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const files = buckets.db.collection(`${name}.files`);
      const fields = { length: 0, chunkSize: 10, uploadDate: new Date() };
      await files.insertMany(
        Array.from({ length: 600 }, (_, index) => ({ ...fields, filename: `d/${index}` })),
      );
      await storage.rename("/d", "/e");
      assertEquals((await s.names("/e")).length, 600);
      assertEquals(await s.names("/"), ["e"]);
    }),
});

// FerretDB has no transactions: this tests which steps are in a transaction, not that it holds.
Deno.test({
  name: "with transactions, the steps of a rename, an edit and a removal are in one each",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const name = buckets.newName();
      let count = 0;
      const kinds: unknown[] = [];
      const journal = buckets.db.collection(`${name}.journal`);
      const atomically: Atomically = async (work) => {
        count++;
        kinds.push(await journal.distinct("kind", { kind: { $ne: "claim" } }));
        return await buckets.client.withSession((session: ClientSession) => work(session));
      };
      const storage = new GridFsStorage(await buckets.bucket(name, { atomically }), {});
      const s = subject(storage);
      await driverWrites(buckets.db, name, "d/a", randomBytes(100), { chunkSizeBytes: 5 });
      await storage.rename("/d", "/e");
      assertEquals([count, await s.names("/e")], [1, ["a"]]);
      const file = await open(storage, "/e/a", "write");
      await file.write(randomBytes(5), 50);
      await file.close(false);
      assertEquals(count, 2);
      await storage.remove("/e/a");
      assertEquals([count, await s.names("/e")], [3, []]);
      // No journal except that of the edit, whose chunks were stored before, and of what it
      // replaced.
      assertEquals(kinds, [[], ["upload"], ["retired"]]);
      assertEquals(await journal.distinct("kind"), ["retired"]);
      await storage.close();
    }),
});
