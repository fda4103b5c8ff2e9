import { assertEquals } from "@std/assert";
import type { Db } from "mongodb";
import { Bucket } from "../../../../lib/storage/gridfs/database/bucket.ts";
import { check } from "../../../../lib/storage/gridfs/repair/check.ts";
import { GridFsStorage } from "../../../../lib/storage/gridfs/gridfs.ts";
import { type Buckets, linkOn } from "./buckets.ts";
import { driverReads, subject } from "./content.ts";

/** Makes all sessions look silent for so long that they count as dead. */
export async function ageJournal(db: Db, name: string): Promise<void> {
  const journal = db.collection(`${name}.journal`);
  await journal.updateMany({ alive: { $exists: true } }, { $set: { alive: new Date(0) } });
}

/**
 * Asserts that every chunk belongs to a file or to a retired version, and that no work is in
 * progress.
 */
export async function assertSwept(buckets: Buckets, name: string): Promise<void> {
  const collection = (part: string) => buckets.db.collection(`${name}.${part}`);
  const journal = await collection("journal").find({}).toArray();
  assertEquals(journal.filter(({ kind }) => kind !== "retired"), []);
  await collection("journal").updateMany({}, { $set: { due: new Date(0) } });
  const bucket = new Bucket({ link: linkOn(buckets.db), name });
  await check(bucket, true);
  assertEquals(await collection("journal").countDocuments({}), 0);
  const files = await collection("files").find({}).toArray();
  assertEquals(new Set(files.map(({ filename }) => filename)).size, files.length);
  const ids = files.map(({ _id }) => String(_id));
  const used = (await collection("chunks").distinct("files_id")).map(String);
  assertEquals(used.filter((id) => !ids.includes(id)), []);
  assertEquals(await check(bucket, false), []);
}

/** The whole content of a bucket, in one line; files as the driver reads them. */
export async function treeOf(buckets: Buckets, name: string): Promise<string> {
  const storage = new GridFsStorage(new Bucket({ link: linkOn(buckets.db), name }), {});
  const s = subject(storage);
  const told: string[] = [];
  const walk = async (directory: string) => {
    for (const entry of await s.names(directory || "/")) {
      const path = `${directory}/${entry}`;
      const kind = await s.kind(path);
      if (kind === "link") told.push(`${path.slice(1)}>${await storage.readLink(path)}`);
      else if (kind === "directory") {
        told.push(`${path.slice(1)}/`);
        await walk(path);
      } else {
        const there = await driverReads(buckets.db, name, path.slice(1));
        const here = await s.get(path);
        assertEquals(here, new TextDecoder().decode(there));
        told.push(`${path.slice(1)}=${here}`);
      }
    }
  };
  await walk("");
  await storage.close();
  return told.sort().join(" ");
}
