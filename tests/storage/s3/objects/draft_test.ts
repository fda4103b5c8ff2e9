import { assert, assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { Budget } from "../../../../lib/storage/remote/budget.ts";
import { S3Storage } from "../../../../lib/storage/s3/s3.ts";
import type { OpenOptions } from "../../../../lib/storage/storage.ts";
import { how, pattern } from "../../../../lib/testing/subject.ts";
import { randomNumbers } from "../../../support/random.ts";
import { MemoryS3, serverFailure } from "../support/memory_s3.ts";
import { workAtRandom } from "../support/random_work.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 32 * 1024;

/** Runs with a bucket in memory that notes the names of the requests. */
async function withBucket(
  use: (
    at: { readonly bucket: MemoryS3; readonly storage: S3Storage; readonly requests: string[] },
  ) => Promise<void>,
  memoryBytes?: number,
): Promise<void> {
  const bucket = new MemoryS3();
  const requests: string[] = [];
  bucket.onRequest = (name, key) => {
    if (!key.startsWith(".sftpwrap/leases/")) requests.push(name);
  };
  const storage = new S3Storage(bucket, {}, { budget: new Budget(memoryBytes) });
  await use({ bucket, storage, requests });
  await storage.close();
}

async function write(
  storage: S3Storage,
  content: Uint8Array,
  { options = how("write", "create", "truncate"), from = 0 }: {
    readonly options?: OpenOptions;
    readonly from?: number;
  } = {},
): Promise<void> {
  const file = await storage.open("/file", options);
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    await file.write(content.subarray(at, at + PIECE_BYTES), from + at);
  }
  await file.close(false);
}

function count(requests: readonly string[], name: string): number {
  return requests.filter((one) => one === name).length;
}

for (const [memory, memoryBytes] of [["much", undefined], ["little", 2 * MIB]] as const) {
  Deno.test(`random operations leave what a model says, with ${memory} memory`, async () => {
    await withBucket(async ({ bucket, storage }) => {
      await workAtRandom(storage, { seed: 7, operations: 400, mostBytes: 16 * MIB });
      assertEquals(bucket.uploads.size, 0);
      const work = [...bucket.objects.keys()].filter((key) => key.startsWith(".sftpwrap/"));
      assertEquals(work, []);
    }, memoryBytes);
  });
}

Deno.test("random operations that fail now and then leave the old content or the new one", async () => {
  await withBucket(async ({ bucket, storage }) => {
    const random = randomNumbers(3);
    let failures = 0;
    bucket.onRequest = (name) => {
      // A failed removal leaves both names of a rename; here the model would not know that.
      if (name === "remove" || random(20) > 0) return;
      failures++;
      throw serverFailure();
    };
    const mayFail = (error: unknown) => /InternalError|write has failed/.test(String(error));
    const ended = () => void (bucket.onRequest = () => {});
    const size = { operations: 2500, mostBytes: 16 * MIB };
    await workAtRandom(storage, { seed: 5, ...size, mayFail, ended });
    assert(failures > 50, `${failures}`);
    await storage.sweep({ mends: true, found: () => {}, staleMs: 0 });
    const left = [...bucket.objects.keys()].filter((key) => key.startsWith(".sftpwrap/"));
    assertEquals([left, bucket.uploads.size], [[], 0]);
  }, 4 * MIB);
});

Deno.test("a small file is sent by one request, and visible only when it is closed", async () => {
  await withBucket(async ({ bucket, storage, requests }) => {
    const file = await storage.open("/file", how("write", "create"));
    await file.write(pattern(100_000), 0);
    assertEquals(bucket.objects.size, 0);
    requests.length = 0;
    await file.close(false);
    assertEquals(requests, ["put"]);
    assertEquals(bucket.objects.get("file")?.bytes, pattern(100_000));
  });
});

Deno.test("a large file that is written in order is sent in parts meanwhile", async () => {
  await withBucket(async ({ bucket, storage, requests }) => {
    const content = pattern(40 * MIB);
    await write(storage, content);
    assertEquals(count(requests, "putPart"), 5);
    assertEquals(count(requests, "put"), 0);
    assert(bucket.objects.get("file")?.bytes.every((byte, index) => byte === content[index]));
  });
});

Deno.test("pieces that overtake each other are put in order, and none is stored twice", async () => {
  await withBucket(async ({ bucket, storage, requests }) => {
    const content = pattern(24 * MIB);
    const file = await storage.open("/file", how("write", "create"));
    for (let at = 0; at < content.length; at += 4 * PIECE_BYTES) {
      for (const from of [2, 0, 3, 1].map((piece) => at + piece * PIECE_BYTES)) {
        await file.write(content.subarray(from, from + PIECE_BYTES), from);
      }
    }
    await file.close(false);
    assertEquals(count(requests, "put"), 0);
    assert(bucket.objects.get("file")?.bytes.every((byte, index) => byte === content[index]));
  });
});

Deno.test("a header that is written last is in the first part, which waits for it", async () => {
  await withBucket(async ({ bucket, storage }) => {
    const content = pattern(24 * MIB);
    const file = await storage.open("/file", how("write", "create"));
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      await file.write(content.subarray(at, at + PIECE_BYTES), at);
    }
    await file.write(new Uint8Array(8).fill(0xff), 4);
    await file.close(false);
    const stored = bucket.objects.get("file")!.bytes;
    assertEquals(
      stored.slice(0, 13),
      new Uint8Array([
        ...content.subarray(0, 4),
        ...new Uint8Array(8).fill(0xff),
        content[12]!,
      ]),
    );
  });
});

Deno.test("a part that was sent is not changed: the write fails and says why", async () => {
  await withBucket(async ({ bucket, storage }) => {
    const file = await storage.open("/file", how("write", "create"));
    const content = pattern(24 * MIB);
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      await file.write(content.subarray(at, at + PIECE_BYTES), at);
    }
    await assertRejects(
      () => file.write(new Uint8Array(8), 9 * MIB),
      StorageError,
      "open it to read and write",
    );
    await file.close(false);
    assert(bucket.objects.get("file")?.bytes.every((byte, index) => byte === content[index]));
  });
});

Deno.test("an append has the server copy what was there, and sends the rest", async () => {
  await withBucket(async ({ bucket, storage, requests }) => {
    const content = pattern(30 * MIB);
    await write(storage, content.subarray(0, 20 * MIB));
    requests.length = 0;
    await write(storage, content.subarray(20 * MIB), {
      options: how("write"),
      from: 20 * MIB,
    });
    assertEquals(count(requests, "get"), 0);
    assertEquals(count(requests, "copyPart"), 1);
    assert(bucket.objects.get("file")?.bytes.every((byte, index) => byte === content[index]));
  });
});

Deno.test("an edit in the middle sends one part, and has the server copy what is around it", async () => {
  await withBucket(async ({ bucket, storage, requests }) => {
    const content = pattern(40 * MIB);
    await write(storage, content);
    requests.length = 0;
    const file = await storage.open("/file", how("read", "write"));
    await file.write(new Uint8Array(100), 20 * MIB);
    await file.close(false);
    assertEquals([count(requests, "copyPart"), count(requests, "putPart")], [2, 1]);
    content.fill(0, 20 * MIB, 20 * MIB + 100);
    assert(bucket.objects.get("file")?.bytes.every((byte, index) => byte === content[index]));
  });
});

Deno.test("what does not fit into memory is kept in the bucket until the file is closed", async () => {
  await withBucket(async ({ bucket, storage }) => {
    const content = pattern(12 * MIB);
    const file = await storage.open("/file", how("read", "write", "create"));
    for (let at = content.length - MIB; at >= 0; at -= MIB) {
      await file.write(content.subarray(at, at + MIB), at);
    }
    assert([...bucket.objects.keys()].some((key) => key.startsWith(".sftpwrap/drafts/")));
    assertEquals(await storage.stat("/.sftpwrap").catch(String), "StorageError: no such file");
    await file.close(false);
    assertEquals([...bucket.objects.keys()], ["file"]);
    assert(bucket.objects.get("file")?.bytes.every((byte, index) => byte === content[index]));
  }, 2 * MIB);
});

Deno.test("an edit of a file that another session has replaced fails, and leaves that", async () => {
  await withBucket(async ({ bucket, storage }) => {
    await write(storage, pattern(100));
    const file = await storage.open("/file", how("read", "write"));
    await file.write(new Uint8Array(10), 0);
    bucket.seed("file", "of another session");
    await assertRejects(() => file.close(false), StorageError, "changed or removed meanwhile");
    assertEquals(bucket.objects.get("file")?.size, 18);
  });
});

Deno.test("an upload whose part fails is dropped, and the old content stays", async () => {
  await withBucket(async ({ bucket, storage }) => {
    bucket.seed("file", "old");
    const fails = new StorageError("failure", "no space left in the bucket");
    bucket.onRequest = (name) => {
      if (name === "putPart") throw fails;
    };
    await assertRejects(() => write(storage, pattern(40 * MIB)), StorageError, "no space left");
    assertEquals(bucket.objects.get("file")?.size, 3);
    await storage.close();
  });
});
