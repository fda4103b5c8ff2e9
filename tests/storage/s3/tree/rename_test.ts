import { assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { S3Storage } from "../../../../lib/storage/s3/s3.ts";
import { MemoryS3 } from "../support/memory_s3.ts";

function keysOf(bucket: MemoryS3): string[] {
  return [...bucket.objects.keys()].sort();
}

Deno.test("a rename whose old name cannot be removed is undone", async () => {
  const bucket = new MemoryS3();
  bucket.seed("a", "content");
  const storage = new S3Storage(bucket);
  bucket.onRequest = (name, key) => {
    if (name === "remove" && key === "a") throw new StorageError("denied", "not this one");
  };
  await assertRejects(() => storage.rename("/a", "/b"), StorageError, "not this one");
  assertEquals(keysOf(bucket), ["a"]);
  await storage.close();
});

Deno.test("a rename leaves what another session writes to the old name meanwhile", async () => {
  const bucket = new MemoryS3();
  bucket.seed("a", "content");
  const storage = new S3Storage(bucket);
  bucket.onRequest = (name) => {
    if (name === "remove") bucket.seed("a", "later work");
  };
  await storage.rename("/a", "/b");
  assertEquals([bucket.objects.get("a")?.size, bucket.objects.get("b")?.size], [10, 7]);
  await storage.close();
});

Deno.test("a rename keeps the metadata of other programs, and the time of a file without one", async () => {
  const bucket = new MemoryS3();
  const metadata = new Map([["color", "blue"]]);
  bucket.seed("a", "content", { metadata, headers: { contentType: "text/plain" } });
  const seconds = Math.floor(bucket.objects.get("a")!.modified.getTime() / 1000);
  const storage = new S3Storage(bucket);
  await storage.rename("/a", "/b");
  const { metadata: kept, headers } = bucket.objects.get("b")!;
  assertEquals(kept, new Map([["color", "blue"], ["mtime", String(seconds)]]));
  assertEquals(headers, { contentType: "text/plain" });
  await storage.close();
});

Deno.test("a directory stays when the last of what implies it is renamed or removed", async () => {
  const bucket = new MemoryS3();
  bucket.seed("d/a");
  bucket.seed("e/a");
  const storage = new S3Storage(bucket);
  await storage.rename("/d/a", "/b");
  await storage.remove("/e/a");
  assertEquals(keysOf(bucket), ["b", "d/", "e/"]);
  await storage.close();
});
