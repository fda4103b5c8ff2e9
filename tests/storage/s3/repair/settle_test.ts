import { assert, assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { S3Storage } from "../../../../lib/storage/s3/s3.ts";
import { MemoryS3 } from "../support/memory_s3.ts";

const FILES = 40;

/** A bucket with a directory `/from` that has files, a directory and a link. */
function bucketWithDirectory(): MemoryS3 {
  const bucket = new MemoryS3();
  bucket.seed("from/");
  for (let n = 0; n < FILES; n++) bucket.seed(`from/d${n % 3}/${n}`, `content ${n}`);
  bucket.seed("from/link", "d0/0", { metadata: new Map([["mode", String(0o120777)]]) });
  bucket.seed("from-other", "stays");
  return bucket;
}

function contentsBelow(bucket: MemoryS3, prefix: string): Record<string, string> {
  const found = [...bucket.objects.values()].filter(({ key }) => key.startsWith(prefix));
  return Object.fromEntries(
    found.map(({ key, bytes }) => [key.slice(prefix.length), new TextDecoder().decode(bytes)]),
  );
}

/** A session on a bucket that finishes at once what others have left. */
async function nextSession(bucket: MemoryS3): Promise<string[]> {
  const storage = new S3Storage(bucket);
  const found: string[] = [];
  await storage.sweep({ mends: true, found: (what) => void found.push(what), staleMs: 0 });
  await storage.close();
  return found;
}

Deno.test("a rename that dies at any request is finished or undone by the next session", async () => {
  const whole = contentsBelow(bucketWithDirectory(), "from/");
  let deaths = 0;
  const outcomes = { from: 0, to: 0 };
  for (let at = 4;; at += 3) {
    const bucket = bucketWithDirectory();
    const storage = new S3Storage(bucket);
    await storage.sweep({ mends: true, found: () => {} });
    let count = 0;
    let isDead = false;
    bucket.onRequest = () => {
      if (++count >= at) isDead = true;
      // The session is gone: no request of it arrives any more.
      if (isDead) throw new StorageError("failure", "the session is dead");
    };
    const outcome = await storage.rename("/from", "/to").then(() => "done", () => "failed");
    await storage.close();
    bucket.onRequest = () => {};
    await nextSession(bucket);
    const [from, to] = [contentsBelow(bucket, "from/"), contentsBelow(bucket, "to/")];
    const moved = Object.keys(from).length === 0;
    assertEquals(moved ? to : from, whole, `request ${at}`);
    assertEquals(moved ? from : to, {}, `request ${at}`);
    // What was reported as failed does not happen later.
    if (outcome === "failed") assert(!moved, `request ${at}`);
    outcomes[moved ? "to" : "from"]++;
    const left = [...bucket.objects.keys()].filter((key) => key.startsWith(".sftpwrap/"));
    assertEquals(left, [], `request ${at}`);
    if (!isDead) break;
    deaths++;
  }
  assert(
    deaths > 30 && outcomes.from > 10 && outcomes.to > 1,
    JSON.stringify({ deaths, outcomes }),
  );
});

Deno.test("a rename that fails halfway is undone at once", async () => {
  const bucket = bucketWithDirectory();
  const whole = contentsBelow(bucket, "from/");
  const storage = new S3Storage(bucket);
  let copies = 0;
  bucket.onRequest = (name) => {
    if (name === "copy" && ++copies === 20) throw new StorageError("denied", "not this one");
  };
  await assertRejects(() => Promise.resolve(storage.rename("/from", "/to")), StorageError);
  assertEquals(contentsBelow(bucket, "from/"), whole);
  assertEquals([...bucket.objects.keys()].filter((key) => /^(?:to|\.sftpwrap)\//.test(key)), []);
  await storage.close();
});

Deno.test("what others wrote after a rename began is neither removed nor replaced by the sweep", async () => {
  for (const isCopied of [false, true]) {
    const bucket = bucketWithDirectory();
    const objects = [...bucket.objects.values()].filter(({ key }) => key.startsWith("from/"));
    for (const { key, bytes } of objects) bucket.seed(key.replace("from/", "to/"), bytes);
    const rename = {
      ...{ from: "from/", to: "to/", isCopied },
      objects: objects.map(({ key, etag }) => [key, etag]),
    };
    bucket.seed(".sftpwrap/leases/1", '{"kind":"rename"}');
    bucket.seed(".sftpwrap/renames/1", JSON.stringify(rename));
    bucket.seed("from/d0/0", "later work at the old name");
    bucket.seed("to/d1/1", "later work at the new name");
    bucket.seed("to/new", "new");
    bucket.objects.delete("to/d2/2");
    assertEquals(await nextSession(bucket), ["unfinished rename of a directory"]);
    const [from, to] = [contentsBelow(bucket, "from/"), contentsBelow(bucket, "to/")];
    assertEquals(from["d0/0"], "later work at the old name");
    assertEquals(to["d1/1"], "later work at the new name");
    assertEquals(to.new, "new");
    assertEquals(from["d2/2"], "content 2");
    const seen = new Set([...Object.values(from), ...Object.values(to)]);
    for (let n = 3; n < FILES; n++) assert(seen.has(`content ${n}`), `content ${n} is lost`);
  }
});
