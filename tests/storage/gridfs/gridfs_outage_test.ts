import { assertEquals, assertStringIncludes } from "@std/assert";
import { GridFsStorage } from "../../../lib/storage/gridfs/gridfs.ts";
import { openGridFs } from "../../../lib/storage/gridfs/open.ts";
import { needsFerretDb, withKillableMongo } from "../../support/mongodb.ts";
import { failureOf } from "../../../lib/testing/subject.ts";
import { driverReads, open, randomBytes, subject } from "./support/content.ts";
import { MongoClient } from "mongodb";

const SOON = "?serverSelectionTimeoutMS=1000";
const NO_ANSWER = "the database does not answer";

Deno.test({
  name: "openGridFs() fails if no server answers, and reveals neither host nor secret",
  ...needsFerretDb(),
  async fn() {
    const uri = `mongodb://ada:secret@127.0.0.1:1/${SOON}`;
    const error = await failureOf(() => openGridFs(uri));
    assertEquals(String(error), `StorageError: ${NO_ANSWER}`);
    const invalid = await failureOf(() => openGridFs("mongodb://ada:sec ret@:x"));
    assertEquals(String(invalid), "StorageError: the database's URI is not valid");
  },
});

Deno.test({
  name: "a database that comes back in time has missed nothing of an upload and a download",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async ({ uri, database, kill, start }) => {
      const storage = await GridFsStorage.open(uri, { database });
      const bytes = randomBytes(12 * 1024 * 1024);
      const half = bytes.length / 2;
      const up = await open(storage, "/a", "write", "create");
      await up.write(bytes.subarray(0, half), 0);
      await storage.extensions.fsync!(up);
      await kill();
      const back = later(500).then(start);
      await up.write(bytes.subarray(half), half);
      await up.close(false);
      await back;
      const down = await open(storage, "/a", "read");
      const into = new Uint8Array(bytes.length);
      assertEquals(await down.read(into.subarray(0, 10_000), 0), 10_000);
      await kill();
      const again = later(500).then(start);
      assertEquals(await down.read(into.subarray(10_000), 10_000), bytes.length - 10_000);
      await again;
      assertEquals(into, bytes);
      await down.close(false);
      await storage.close();
      const client = new MongoClient(uri);
      assertEquals(await driverReads(client.db(database), "fs", "a"), bytes);
      await client.close();
    }),
});

Deno.test({
  name: "a database that stays away fails the write behind at the next request, and at close",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async ({ uri, database, kill, start }) => {
      const storage = await GridFsStorage.open(uri + SOON, { database });
      const s = subject(storage);
      await s.put("/a", "old");
      const [first, second] = [
        await open(storage, "/a", "write", "truncate"),
        await open(storage, "/b", "write", "create"),
      ];
      await second.write(randomBytes(10), 0);
      await first.write(randomBytes(5 * 1024 * 1024), 0);
      await kill();
      // Whether or not the write is accepted: the next call reports what became of it.
      await first.write(randomBytes(5 * 1024 * 1024), 5 * 1024 * 1024).catch(() => {});
      const told = String(await failureOf(() => storage.extensions.fsync!(first)));
      assertStringIncludes(told, "database");
      await s.refuses("failure", "", () => first.write(randomBytes(5), 0));
      await s.refuses("failure", "", () => first.close(false));
      await s.refuses("failure", NO_ANSWER, () => second.close(false));
      await s.refuses("failure", NO_ANSWER, () => storage.stat("/a"));
      await start();
      assertEquals([await s.names("/"), await s.get("/a")], [["a"], "old"]);
      await storage.close();
    }),
});

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
