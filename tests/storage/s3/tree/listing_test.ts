import { assertEquals } from "@std/assert";
import { S3Storage } from "../../../../lib/storage/s3/s3.ts";
import { Subject } from "../../../../lib/testing/subject.ts";
import { MemoryS3 } from "../support/memory_s3.ts";

const LINK = new Map([["mode", "41471"]]);

async function withKeys(
  keys: readonly string[],
  use: (s: Subject, bucket: MemoryS3) => Promise<void>,
): Promise<void> {
  const bucket = new MemoryS3();
  for (const key of keys) bucket.seed(key, "x");
  const storage = new S3Storage(bucket);
  await use(new Subject(storage, true), bucket);
  await storage.close();
}

Deno.test("keys that are no paths have names with a percent sign", async () => {
  await withKeys(["/a", "a//b", "%", "%%.", "c", "./d", ".sftpwrap/leases/x"], async (s) => {
    assertEquals(await s.names("/"), ["%", "%%", "%%%.", "%.", "a", "c"]);
    assertEquals(await s.names("/%"), ["a"]);
    assertEquals(await s.get("/%/a"), "x");
    assertEquals(await s.get("/a/%/b"), "x");
    assertEquals(await s.get("/%%"), "x");
  });
});

Deno.test("a file hides a directory of its name, also on another page of the server", async () => {
  const between = Array.from({ length: 1500 }, (_, n) => `a${String.fromCodePoint(0x21)}${n}`);
  await withKeys(["a", ...between, "a/b", "a0"], async (s) => {
    const names = await s.names("/");
    assertEquals(names.length, between.length + 2);
    assertEquals(names.filter((name) => name === "a"), ["a"]);
    assertEquals(await s.get("/a/b"), "x");
    await s.storage.remove("/a");
    assertEquals(await s.names("/a"), ["b"]);
  });
});

Deno.test("modes, times and links of s3fs and rclone are shown", async () => {
  await withKeys([], async (s, bucket) => {
    bucket.seed("link", "target", { metadata: LINK });
    const of = (entries: Record<string, string>) => ({
      metadata: new Map(Object.entries(entries)),
    });
    bucket.seed("s3fs", "x", of({ mode: "33152", uid: "7", gid: "8", mtime: "1000000000" }));
    bucket.seed("rclone", "x", of({ mode: "100600", mtime: "1000000000.25" }));
    bucket.seed("d/", "", of({ mode: "16832" }));
    assertEquals(await s.kind("/link"), "link");
    assertEquals(await s.storage.readLink("/link"), "target");
    assertEquals([await s.mode("/s3fs"), await s.mode("/rclone"), await s.mode("/d")], [
      0o600,
      0o600,
      0o700,
    ]);
    const attrs = await s.storage.stat("/s3fs");
    assertEquals([attrs.uid, attrs.gid, attrs.mtime], [7, 8, 1_000_000_000]);
    assertEquals((await s.storage.stat("/rclone")).mtime, 1_000_000_000);
  });
});
