import { assert, assertEquals } from "@std/assert";
import { MongoClient } from "mongodb";
import { StorageError } from "../../lib/storage/errors.ts";
import { GridFsStorage } from "../../lib/storage/gridfs/gridfs.ts";
import { checkGridFs } from "../../lib/storage/gridfs/open.ts";
import type { MaybePromise } from "../../lib/storage/storage.ts";
import { subject } from "../storage/gridfs/support/content.ts";
import { ageJournal } from "../storage/gridfs/support/views.ts";
import { needsFerretDb, withKillableMongo } from "../support/mongodb.ts";

const SOON = "?serverSelectionTimeoutMS=1000";

Deno.test({
  name: "a rename during which the database dies never happens after it was told to have failed",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async ({ uri, database, kill, start }) => {
      const storage = await GridFsStorage.open(uri + SOON, { database });
      const s = subject(storage);
      const rename = storage.extensions.posixRename!;
      await s.mkdir("/d", "/d/e");
      for (let count = 0; count < 60; count++) await s.put(`/d/${count}`, `${count}`);
      for (const delay of [1, 3, 5, 9, 20, 27, 40, 81]) {
        const folder = `/${delay}`;
        await s.mkdir(folder);
        const [f, n, keep] = [`${folder}/f`, `${folder}/n`, `${folder}/keep`];
        await s.put(f, "old");
        await s.put(n, "new");
        const [file, directory] = [succeeds(rename(n, f)), succeeds(rename("/d", "/moved"))];
        await later(delay);
        await kill();
        const areTold = await Promise.all([file, directory]);
        await start();
        // What came through before may be done; what is told to be done is.
        const isDone = await s.kind(n) === "nothing";
        assert(isDone || !areTold[0]);
        if (!isDone) {
          await rename(f, keep);
          await rename(n, f);
        }
        await s.put(n, "newer");
        // Its first change there takes back what was moved by half, or finds it done.
        const home = await s.kind("/moved") === "nothing" ? "/d" : "/moved";
        await s.put(`${home}/0`, "0");
        const names = await s.names("/d").catch(() => []);
        const moved = await s.names("/moved").catch(() => []);
        assertEquals(areTold[1] || names.length < 61, moved.length === 61, `${names} ${moved}`);
        if (moved.length > 0) await rename("/moved", "/d");
        const told = await Promise.all([s.names(folder), s.get(f), s.get(n)]);
        const client = new MongoClient(uri);
        await ageJournal(client.db(database), "fs");
        await client.close();
        for (const { kind, mended } of await checkGridFs(uri, { database, mend: true })) {
          assert(mended, kind);
        }
        assertEquals(await Promise.all([s.names(folder), s.get(f), s.get(n)]), told);
        assertEquals(told, [isDone ? ["f", "n"] : ["f", "keep", "n"], "new", "newer"]);
        assertEquals((await s.names("/d")).length, 61);
      }
      await storage.close();
    }),
});

async function succeeds(work: MaybePromise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    assert(error instanceof StorageError, String(error));
    return false;
  }
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
