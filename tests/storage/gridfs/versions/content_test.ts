import { assertEquals } from "@std/assert";
import { needsMongo } from "../../../support/mongodb.ts";
import { bytesOf, readAll } from "../../../../lib/testing/subject.ts";
import { withBuckets, withSession } from "../support/buckets.ts";
import { driverReads, driverWrites, open, randomBytes, subject } from "../support/content.ts";

const OPERATIONS = 60;
const LONGEST = 200;

Deno.test({
  name: "what a handle writes, cuts and lengthens in any order is what a buffer would have",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage }) => {
      // Chunks so small that most are sent before they change again; the first is copied, not edited.
      for (const chunkSizeBytes of [40, 9, 5, 3]) {
        for (let seed = 1; seed <= 3; seed++) {
          const random = numbers(seed * 100 + chunkSizeBytes);
          const filename = `${chunkSizeBytes} ${seed}`;
          let model = randomBytes(150);
          await driverWrites(buckets.db, name, filename, model, { chunkSizeBytes });
          const file = await open(storage, "/" + filename, "read", "write");
          for (let count = 0; count < OPERATIONS; count++) {
            const at = random(LONGEST);
            switch (random(6)) {
              case 0:
                model = resized(model, at);
                await file.setAttrs({ size: at });
                break;
              case 1:
                await storage.extensions.fsync!(file);
                break;
              case 2:
                assertEquals(await readAll(file), model, `${filename}, step ${count}`);
                break;
              default: {
                const data = randomBytes(1 + random(30));
                model = resized(model, Math.max(model.length, at + data.length));
                model.set(data, at);
                await file.write(data, at);
              }
            }
          }
          assertEquals((await file.stat()).size, model.length);
          await file.close(false);
          assertEquals(await driverReads(buckets.db, name, filename), model, filename);
        }
      }
    }),
});

const MiB = 1024 * 1024;

Deno.test({
  name: "a hole larger than a GiB is refused at once, however it is made, and the file stays",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const [few, many] = [8 * MiB, 10];
      for (const chunkSizeBytes of [few, many]) {
        const path = `/${chunkSizeBytes}`;
        const [most, reason] = chunkSizeBytes === many
          ? [16_384 * many, "holes of more than 163840 bytes are not stored"]
          : [1024 * MiB, "holes of more than 1073741824 bytes are not stored"];
        const refuses = (action: () => Promise<unknown>) => s.refuses("failure", reason, action);
        await driverWrites(buckets.db, name, path.slice(1), randomBytes(150), { chunkSizeBytes });
        for (const size of [most + 1000, 2 ** 34]) {
          await refuses(() => storage.setAttrs(path, { size: size + chunkSizeBytes }));
        }
        const file = await open(storage, path, "read", "write");
        await refuses(() => file.setAttrs({ size: 2 ** 34 }));
        await refuses(() => file.write(new Uint8Array(1), 2 ** 34));
        // Nor in small steps, nor where the old content was.
        const step = most / 4;
        for (let count = 1; count <= 4; count++) await file.setAttrs({ size: count * step });
        await refuses(() => file.setAttrs({ size: 6 * step }));
        await refuses(() => file.write(new Uint8Array(1), 6 * step));
        await file.setAttrs({ size: 150 });
        await file.setAttrs({ size: 0 });
        await refuses(() => file.setAttrs({ size: most + chunkSizeBytes }));
        await file.close(true);
        assertEquals((await storage.stat(path)).size, 150);
      }
      assertEquals(await buckets.db.collection(`${name}.chunks`).countDocuments({}), 1 + 15);
      assertEquals(await buckets.db.collection(`${name}.journal`).countDocuments({}), 0);
    }),
});

Deno.test({
  name: "what is written into a hole no longer counts as part of it",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      await driverWrites(buckets.db, name, "a", randomBytes(1), { chunkSizeBytes: 10 });
      const file = await open(storage, "/a", "read", "write");
      const most = 16_384 * 10;
      await file.setAttrs({ size: most });
      const reason = "holes of more than 163840 bytes are not stored";
      await s.refuses("failure", reason, () => file.setAttrs({ size: most + 100 }));
      await file.write(randomBytes(1000), 5000);
      await file.setAttrs({ size: most + 1000 });
      await s.refuses("failure", reason, () => file.setAttrs({ size: most + 1200 }));
      await file.setAttrs({ size: 6000 });
      await file.close(false);
      assertEquals((await driverReads(buckets.db, name, "a")).length, 6000);
    }),
});

Deno.test({
  name: "storing a hole ends when the session does, and leaves nothing",
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const name = buckets.newName();
      const storage = await buckets.storage(name);
      const s = subject(storage);
      await s.put("/a", "old");
      const chunks = buckets.db.collection(`${name}.chunks`);
      const setting = s.refuses("failure", "the session has ended", async () => {
        await storage.setAttrs("/a", { size: 900 * MiB });
      });
      while (await chunks.countDocuments({}) < 5);
      await storage.close();
      await setting;
      assertEquals(await chunks.countDocuments({}), 1);
      const after = await buckets.storage(name);
      assertEquals(await subject(after).get("/a"), "old");
      await after.close();
    }),
});

Deno.test({
  name: "a handle that is broken off while its requests are under way stores nothing more",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const base = randomBytes(100);
      await driverWrites(buckets.db, name, "a", base, { chunkSizeBytes: 10 });
      const file = await open(storage, "/a", "write");
      await file.write(new Uint8Array(1), 0);
      const writing = Promise.allSettled(
        Array.from({ length: 50 }, (_, index) => file.write(new Uint8Array(25), index * 25)),
      );
      await file.close(true);
      const failed = (await writing).filter(({ status }) => status === "rejected");
      assertEquals(failed.length > 40, true);
      assertEquals(await s.bytes("/a"), base);
      assertEquals(await buckets.db.collection(`${name}.chunks`).countDocuments({}), 10);
    }),
});

Deno.test({
  name: "a chunk size that is larger than a document can be changes with an edit",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const files = buckets.db.collection(`${name}.files`);
      await driverWrites(buckets.db, name, "a", bytesOf("content"));
      await files.updateOne({}, { $set: { chunkSize: 2 ** 31 - 1 } });
      assertEquals(await s.get("/a"), "content");
      const file = await open(storage, "/a", "write", "append");
      await file.write(bytesOf("!"), 0);
      await file.close(false);
      assertEquals(await s.get("/a"), "content!");
      assertEquals((await files.findOne({}))?.chunkSize, 255 * 1024);
    }),
});

Deno.test({
  name: "an upload that breaks off at its beginning leaves nothing in the journal",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage }) => {
      for (let count = 0; count < 20; count++) {
        const file = await open(storage, "/a", "write", "create");
        await file.write(new Uint8Array(1), 0);
        await file.close(true);
      }
      assertEquals(await buckets.db.collection(`${name}.journal`).find({}).toArray(), []);
    }),
});

function resized(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const other = new Uint8Array(length);
  other.set(bytes.subarray(0, length));
  return other;
}

/** Whole numbers below a limit that look random but are the same each time. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % limit;
  };
}
