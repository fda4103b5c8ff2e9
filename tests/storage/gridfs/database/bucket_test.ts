import { assertEquals, assertRejects } from "@std/assert";
import { MongoClient } from "mongodb";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { openGridFs } from "../../../../lib/storage/gridfs/open.ts";
import { Subject } from "../../../../lib/testing/subject.ts";
import { needsFerretDb, withKillableMongo } from "../../../support/mongodb.ts";
import { driverWrites } from "../support/content.ts";
import { LazyLine } from "../support/lazy_line.ts";

Deno.test({
  name: "a filename that is not UTF-8 spoils nothing but itself",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async ({ uri, database }) => {
      const client = new MongoClient(uri);
      for (const name of ["before", "m^^ddle", "zero"]) {
        await driverWrites(client.db(database), "fs", name, new Uint8Array(3));
      }
      await client.close();
      await using line = new LazyLine(Number(new URL(uri).port));
      // FerretDB refuses to store such a name; MongoDB does not. One such byte alone may belong to an
      // ObjectId, which must stay as it is.
      line.change = (bytes) => {
        for (let at = 1; at < bytes.length; at++) {
          if (bytes[at - 1] === 0x5e && bytes[at] === 0x5e) bytes.fill(0xff, at - 1, at + 1);
        }
      };
      const storage = await openGridFs(`mongodb://127.0.0.1:${line.port}/`, { database });
      const s = new Subject(storage, true);
      assertEquals(await s.names("/"), ["before", "m\ufffd\ufffdddle", "zero"]);
      assertEquals((await s.bytes("/zero")).length, 3);
      await s.refuses("not-found", "no such file", () => s.bytes("/m\ufffd\ufffdddle"));
      await storage.close();
    }),
});

Deno.test("openGridFs() refuses a bucket whose name collections cannot have", async () => {
  const opening = openGridFs("mongodb://127.0.0.1:9/", { bucket: "system" });
  const { code } = await assertRejects(() => opening, StorageError);
  assertEquals(code, "invalid");
});
