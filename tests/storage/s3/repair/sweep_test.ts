import { assert, assertEquals } from "@std/assert";
import { Budget } from "../../../../lib/storage/remote/budget.ts";
import { S3Storage } from "../../../../lib/storage/s3/s3.ts";
import { how } from "../../../../lib/testing/subject.ts";
import { MemoryS3 } from "../support/memory_s3.ts";

const MIB = 1024 * 1024;

/** Writes with little memory, and never closes: the session has died. */
async function die(bucket: MemoryS3, ...flags: readonly "read"[]): Promise<void> {
  const storage = new S3Storage(bucket, {}, { budget: new Budget(12 * MIB) });
  const file = await storage.open("/file", how("write", "create", ...flags));
  for (let at = 0; at < 24 * MIB; at += MIB) await file.write(new Uint8Array(MIB), at);
  await storage.close();
}

async function sweepBy(bucket: MemoryS3, mends: boolean, staleMs?: number): Promise<string[]> {
  const storage = new S3Storage(bucket);
  const found: string[] = [];
  await storage.sweep({ mends, found: (what) => void found.push(what), staleMs });
  await storage.close();
  return found;
}

Deno.test("the sweep aborts the upload of a session that has died, and leaves nothing", async () => {
  const bucket = new MemoryS3();
  await die(bucket);
  assertEquals(bucket.uploads.size, 1);
  assertEquals(await sweepBy(bucket, true, 0), ['unfinished upload of "file"']);
  assertEquals([bucket.uploads.size, bucket.objects.size], [0, 0]);
});

Deno.test("the sweep removes what a session that has died kept in the bucket", async () => {
  const bucket = new MemoryS3();
  await die(bucket, "read");
  assert(bucket.objects.size > 1);
  assertEquals(await sweepBy(bucket, true, 0), ["content of a file that was not closed"]);
  assertEquals(bucket.objects.size, 0);
});

Deno.test("the sweep leaves the work of sessions that live", async () => {
  const bucket = new MemoryS3();
  await die(bucket);
  assertEquals(await sweepBy(bucket, true), []);
  assertEquals(bucket.uploads.size, 1);
});

Deno.test("the sweep that only reports changes nothing", async () => {
  const bucket = new MemoryS3();
  await die(bucket);
  const before = [...bucket.objects.keys()];
  assertEquals(await sweepBy(bucket, false, 0), ['unfinished upload of "file"']);
  assertEquals([bucket.uploads.size, [...bucket.objects.keys()]], [1, before]);
});

Deno.test("a session sweeps at its start what is old enough", async () => {
  const bucket = new MemoryS3();
  await die(bucket);
  for (const [key, stored] of bucket.objects) {
    bucket.objects.set(key, { ...stored, modified: new Date(Date.now() - 3_600_000) });
  }
  const lines: string[] = [];
  const storage = new S3Storage(bucket, { log: (line) => void lines.push(line) });
  while (lines.length === 0) await new Promise((wake) => setTimeout(wake, 10));
  await storage.close();
  assertEquals(lines, ['unfinished upload of "file": swept']);
  assertEquals(bucket.uploads.size, 0);
});
