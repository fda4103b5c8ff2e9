import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BucketClient,
  type BucketOptions,
} from "../../../../lib/storage/s3/client/bucket_client.ts";
import { fixedKeys } from "../../../../lib/storage/s3/client/keys.ts";
import type { Listing } from "../../../../lib/storage/s3/client/s3_client.ts";
import { isPreconditionFailed, S3Error } from "../../../../lib/storage/s3/client/s3_errors.ts";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { needsS3, type S3, withS3 } from "../../../support/s3.ts";

/** The least size of a part that is not the last. */
const PART_BYTES = 5 * 1024 * 1024;

const WHOLE = { start: 0, end: 1000 };

/** Keys that are hard for URLs, signatures, XML or paths. */
const KEYS = [
  "plain",
  "a b+c%20é!'()*~/x",
  "a//b",
  "/a",
  "d/",
  "q?x=1#y",
  "=&;:@,$\\^`{|}[]",
  '日本/<&>"',
  "\u{1f600}",
  "control\x01",
  "...",
  ".a/..b",
  "%2e%2e/x",
];

/** Runs `use` with a client of a server that checks every signature. */
async function withBucket(
  use: (client: BucketClient, s3: S3) => Promise<void>,
  options: Partial<BucketOptions> = {},
): Promise<void> {
  await withS3(async (s3) => {
    const client = clientOf(s3, options);
    try {
      await use(client, s3);
    } finally {
      client.close();
    }
  }, { isStrict: true });
}

function clientOf(
  { endpoint, bucket, region, keys }: S3,
  options: Partial<BucketOptions> = {},
): BucketClient {
  return new BucketClient({
    ...{ endpoint: new URL(endpoint), bucket, region, keys: fixedKeys(keys) },
    ...options,
  });
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function keysOf({ entries }: Listing): string[] {
  return entries.map(({ key }) => key);
}

async function s3Error(promise: Promise<unknown>): Promise<S3Error> {
  return await assertRejects(() => promise, S3Error);
}

Deno.test({
  name: "Every key is written, found, listed, read, copied and removed under its own name",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      for (const key of KEYS) {
        await client.put(key, bytes(`content of ${key}`));
        const found = await client.head(key);
        assertEquals(found?.key, key);
        assertEquals(found?.size, bytes(`content of ${key}`).length);
        const content = await client.get(key, { start: 8, end: 1000 });
        assertEquals(new TextDecoder().decode(content), `of ${key}`);
        await client.copy({ key }, `copies/${key}`);
      }
      const copies = KEYS.map((key) => `copies/${key}`);
      const all = [...KEYS, ...copies].toSorted();
      assertEquals(keysOf(await client.list("")).toSorted(), all);
      assertEquals(await client.removeMany([...KEYS, "never"]), []);
      assertEquals(keysOf(await client.list("")).toSorted(), copies.toSorted());
      for (const key of copies) await client.remove(key);
      await client.remove("never");
      assertEquals(keysOf(await client.list("")), []);
    }),
});

Deno.test({
  name: "Metadata and headers come back as they were, and a copy keeps or replaces them",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      const metadata = new Map([["mtime", "1.5"], ["name", "é \u{1f600}"], ["spaces", " a  b "]]);
      const headers = {
        cacheControl: "no-store",
        contentDisposition: "inline",
        contentEncoding: "identity",
        contentLanguage: "en",
        contentType: "text/plain",
      };
      await client.put("a", bytes("a"), { metadata, headers, storageClass: "STANDARD_IA" });
      await client.copy({ key: "a" }, "b");
      for (const key of ["a", "b"]) {
        const found = await client.head(key);
        assertEquals(found?.metadata, metadata);
        assertEquals(found?.headers, headers);
      }
      assertEquals((await client.head("a"))?.storageClass, "STANDARD_IA");
      const replaced = { metadata: new Map([["mode", "420"]]), headers: { contentType: "a/b" } };
      await client.copy({ key: "a" }, "a", replaced);
      const found = await client.head("a");
      assertEquals(found?.metadata, replaced.metadata);
      assertEquals(found?.headers, replaced.headers);
      const upload = { key: "c", id: await client.createUpload("c", { metadata, headers }) };
      const part = await client.putPart(upload, 1, bytes("c"));
      await client.completeUpload(upload, [part]);
      assertEquals((await client.head("c"))?.metadata, metadata);
    }),
});

Deno.test({
  name: "What every new object gets is sent with each of the requests that make one",
  ...needsS3(),
  fn: () =>
    withBucket(async (client, s3) => {
      await client.put("put", bytes("a"));
      await client.copy({ key: "put" }, "copy");
      const upload = { key: "upload", id: await client.createUpload("upload") };
      await client.completeUpload(upload, [await client.putPart(upload, 1, bytes("a"))]);
      for (const key of ["put", "copy", "upload"]) {
        assertEquals((await client.head(key))?.storageClass, "STANDARD_IA", key);
        const acl = await (await s3.request(`/${s3.bucket}/${key}?acl`)).text();
        assert(acl.includes("AllUsers"), `${key}: ${acl}`);
        const head = await s3.request(`/${s3.bucket}/${key}`, { method: "HEAD" });
        assertEquals(head.headers.get("x-amz-server-side-encryption"), "AES256", key);
      }
    }, { uploads: { storageClass: "STANDARD_IA", sse: "AES256", acl: "public-read" } }),
});

Deno.test({
  name: "A range ends at the end of the object, and is empty beyond it",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      await client.put("a", bytes("0123456789"));
      await client.put("empty", bytes(""));
      const read = async (start: number, end: number, key = "a") =>
        new TextDecoder().decode(await client.get(key, { start, end }));
      assertEquals(await read(0, 10), "0123456789");
      assertEquals(await read(3, 5), "34");
      assertEquals(await read(8, 100), "89");
      assertEquals(await read(10, 20), "");
      assertEquals(await read(4, 4), "");
      assertEquals(await read(0, 10, "empty"), "");
    }),
});

Deno.test({
  name: "An object that is compressed is read as it is stored, or refused by an old Deno",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      const body = new Uint8Array(gzipSync("text".repeat(1000)));
      await client.put("a", body, { headers: { contentEncoding: "gzip" } });
      if (Number(Deno.version.deno.split(".")[1]) <= 6) {
        for (const attempt of [() => client.head("a"), () => client.get("a", WHOLE)]) {
          assertEquals((await s3Error(attempt())).code, "unsupported");
        }
        return;
      }
      const found = await client.head("a");
      assertEquals([found?.size, found?.headers?.contentEncoding], [body.length, "gzip"]);
      assertEquals(await client.get("a", WHOLE), body);
      assertEquals(await client.get("a", { start: 3, end: 9 }), body.slice(3, 9));
    }),
});

Deno.test({
  name: "A condition that does not hold leaves the object as it is",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      const { etag } = await client.put("a", bytes("one"), { ifNoneMatch: "*" });
      const stale = '"00000000000000000000000000000000"';
      const upload = { key: "a", id: await client.createUpload("a") };
      const part = await client.putPart(upload, 1, bytes("two"));
      const attempts = [
        () => client.put("a", bytes("two"), { ifNoneMatch: "*" }),
        () => client.put("a", bytes("two"), { ifMatch: stale }),
        () => client.completeUpload(upload, [part], { ifNoneMatch: "*" }),
        () => client.remove("a", { ifMatch: stale }),
        () => client.get("a", { start: 0, end: 3, ifMatch: stale }),
      ];
      for (const attempt of attempts) {
        const error = await s3Error(attempt());
        assert(isPreconditionFailed(error), String(error));
      }
      assertEquals((await client.head("a"))?.etag, etag);
      await client.put("a", bytes("two"), { ifMatch: etag });
      assertEquals(await client.get("a", { start: 0, end: 9 }), bytes("two"));
    }),
});

Deno.test({
  name: "A version that was replaced or removed is read and copied by its id",
  ...needsS3(),
  fn: () =>
    withBucket(async (client, s3) => {
      const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
      await (await s3.request(`/${s3.bucket}?versioning`, { method: "PUT", body })).body?.cancel();
      const { versionId, etag } = await client.put("a", bytes("one"));
      const second = await client.put("a", bytes("two"));
      assert(versionId !== undefined && versionId !== second.versionId);
      assertEquals((await client.head("a"))?.versionId, second.versionId);
      await client.remove("a");
      assertEquals(await client.head("a"), undefined);
      assertEquals((await s3Error(client.get("a", WHOLE))).code, "not-found");
      assertEquals(await client.get("a", { ...WHOLE, versionId, ifMatch: etag }), bytes("one"));
      await client.copy({ key: "a", versionId }, "b");
      assertEquals(await client.get("b", WHOLE), bytes("one"));
    }),
});

Deno.test({
  name: "A listing comes by pages, with common prefixes and from any key on",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      for (const key of ["a", "b/1", "b/2", "c d/é", "e"]) await client.put(key, bytes(key));
      const first = await client.list("", { delimiter: "/", limit: 2 });
      assertEquals([keysOf(first), first.prefixes], [["a"], ["b/"]]);
      const second = await client.list("", { delimiter: "/", limit: 2, token: first.next });
      assertEquals([keysOf(second), second.prefixes], [["e"], ["c d/"]]);
      assertEquals(second.next, undefined);
      assertEquals(keysOf(await client.list("b/")), ["b/1", "b/2"]);
      assertEquals(keysOf(await client.list("", { after: "b/1" })), ["b/2", "c d/é", "e"]);
      const [entry] = (await client.list("a")).entries;
      const found = await client.head("a");
      assertEquals([entry?.size, entry?.etag], [1, found?.etag]);
      assertEquals(Math.floor(Number(entry?.modified) / 1000) * 1000, Number(found?.modified));
    }),
});

Deno.test({
  name: "An upload is made of sent and copied parts, listed, completed or aborted",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      const old = new Uint8Array(PART_BYTES + 3).fill(1);
      await client.put("old", old);
      const key = "new é";
      const upload = { key, id: await client.createUpload(key) };
      const copied = await client.copyPart(upload, 1, {
        key: "old",
        start: 2,
        end: PART_BYTES + 2,
      });
      const sent = await client.putPart(upload, 2, bytes("end"));
      const { parts } = await client.listParts(upload);
      assertEquals(parts, [{ ...copied, size: PART_BYTES }, { ...sent, size: 3 }]);
      const { uploads, next } = await client.listUploads("new");
      assertEquals(uploads.map(({ key, id }) => ({ key, id })), [upload]);
      assertEquals(next, undefined);
      assertEquals((await client.listUploads("other")).uploads, []);
      assertEquals(await client.head(key), undefined);
      const { etag } = await client.completeUpload(upload, [copied, sent]);
      const found = await client.head(key);
      assertEquals([found?.etag, found?.size], [etag, PART_BYTES + 3]);
      const tail = await client.get(key, { start: PART_BYTES - 1, end: PART_BYTES + 3 });
      assertEquals(tail, new Uint8Array([1, ...bytes("end")]));

      const aborted = { key, id: await client.createUpload(key) };
      await client.putPart(aborted, 1, bytes("x"));
      await client.abortUpload(aborted);
      await client.abortUpload(aborted);
      assertEquals((await client.listUploads("")).uploads, []);
    }),
});

Deno.test({
  name: "A key that S3 does not have, or that no URL names, is refused before it is sent",
  ...needsS3(),
  fn: () =>
    withBucket(async (client) => {
      for (const key of ["", "\0", "\udc80", "é".repeat(513)]) {
        const error = await assertRejects(() => client.remove(key), StorageError);
        assertEquals(error.code, "invalid", key);
      }
      await client.put("b", bytes("b"));
      for (const key of ["a/../b", "./b", "..", "a/.", "a/./b"]) {
        for (
          const attempt of [
            () => client.remove(key),
            () => client.put(key, bytes("c")),
            () => client.copy({ key }, "c"),
            () => client.copy({ key: "b" }, key),
          ]
        ) assertEquals((await s3Error(attempt())).code, "failure", key);
      }
      assertEquals(keysOf(await client.list("")), ["b"]);
      assertEquals(await client.get("b", { start: 0, end: 9 }), bytes("b"));
    }),
});

Deno.test({
  name: "What the server refuses has a reason, and its code in a line without a secret",
  ...needsS3(),
  fn: () =>
    withS3(async (s3) => {
      const wrongKey = { accessKeyId: "AKIAUNKNOWN", secretAccessKey: "hidden" };
      const wrongSecret = { ...s3.keys, secretAccessKey: "hidden" };
      const cases = [
        [{ bucket: "absent" }, "NoSuchBucket", "the bucket does not exist"],
        [
          { keys: fixedKeys(wrongKey) },
          "InvalidAccessKeyId",
          "the server does not know the access key",
        ],
        [
          { keys: fixedKeys(wrongSecret) },
          "SignatureDoesNotMatch",
          "the server refuses the signature: the secret key is wrong",
        ],
      ] as const;
      for (const [options, code, reason] of cases) {
        const lines: string[] = [];
        const report = (line: string, isFinal: boolean) => lines.push(`${isFinal} ${line}`);
        const client = clientOf(s3, { ...options, report });
        const error = await s3Error(client.list(""));
        client.close();
        assertEquals([error.s3Code, error.message], [code, reason]);
        assertEquals(lines.length, 1);
        assert(lines[0]?.startsWith(`true ListObjectsV2: ${error.httpStatus} ${code} `), lines[0]);
        assert(!lines[0]?.includes("hidden"), lines[0]);
      }
    }, { isStrict: true }),
});
