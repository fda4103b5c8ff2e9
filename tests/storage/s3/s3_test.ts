import { assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../../lib/storage/errors.ts";
import { how } from "../../../lib/testing/subject.ts";
import { needsS3, withS3 } from "../../support/s3.ts";
import { conformance } from "../../../lib/testing/mod.ts";
import { S3Storage } from "../../../lib/storage/s3/s3.ts";
import { clientOf } from "./support/clients.ts";
import { MemoryS3 } from "./support/memory_s3.ts";

const MIB = 1024 * 1024;

const RAW_NAMES = { reason: "keys are text", tests: ["raw names"] };

/** One of the odd names has a line break, of which moto makes a page of HTML. */
const LINE_BREAKS = {
  reason: "moto has no keys with line breaks",
  tests: [
    "odd names of files are found",
    "odd names of directories are found",
    "odd names of files are removed",
    "odd names of directories are removed",
  ],
};

Deno.test({
  name: "S3Storage keeps the promises of a storage",
  ...needsS3(),
  fn: (t) =>
    withS3(async (s3) => {
      let made = 0;
      await conformance(
        t,
        () => ({
          storage: new S3Storage(clientOf(s3), { prefix: `test ${made++}` }),
          tellsReasons: true,
        }),
        [RAW_NAMES, LINE_BREAKS],
      );
    }),
});

Deno.test("S3Storage keeps the promises of a storage on a bucket in memory", async (t) => {
  await conformance(
    t,
    () => ({ storage: new S3Storage(new MemoryS3()), tellsReasons: true }),
    [RAW_NAMES],
  );
});

Deno.test("what a client could not write whole is not published", async () => {
  const bucket = new MemoryS3();
  bucket.seed("file", "old");
  const storage = new S3Storage(bucket);
  const file = await storage.open("/file", how("write", "truncate"));
  await file.write(new Uint8Array(10), 0);
  file.spoil();
  await assertRejects(() => file.close(false), StorageError, "a write has failed");
  assertEquals(bucket.objects.get("file")?.size, 3);
  await storage.close();
});

Deno.test("what decides about an upload reads it before it is visible, and may refuse it", async () => {
  const bucket = new MemoryS3();
  const asked: unknown[] = [];
  const storage = new S3Storage(bucket, {
    beforePublish: async (upload, file) => {
      const into = new Uint8Array(4);
      asked.push({ ...upload, read: await file.read(into, 8 * MIB), bytes: into });
      if (asked.length > 1) throw new StorageError("denied", "not this one");
    },
  });
  assertEquals(storage.decidesOnClose, true);
  for (const isRefused of [false, true]) {
    const file = await storage.open("/file", how("write", "create", "truncate"));
    for (let at = 0; at < 30 * MIB; at += MIB) await file.write(new Uint8Array(MIB).fill(7), at);
    assertEquals(bucket.objects.has("file"), isRefused);
    if (isRefused) await assertRejects(() => file.close(false), StorageError, "not this one");
    else await file.close(false);
  }
  const upload = { path: "/file", draft: undefined, size: 30 * MIB, read: 4 };
  const bytes = new Uint8Array(4).fill(7);
  assertEquals(asked, [{ ...upload, replaces: false, bytes }, {
    ...upload,
    replaces: true,
    bytes,
  }]);
  assertEquals([...bucket.objects.keys()], ["file"]);
  await storage.close();
});
