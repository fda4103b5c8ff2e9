import { assertEquals, assertThrows } from "@std/assert";
import {
  type Answer,
  readListing,
  readObject,
  readParts,
  readUploads,
} from "../../../../lib/storage/s3/client/answers.ts";
import { S3Error } from "../../../../lib/storage/s3/client/s3_errors.ts";

function answer(body: string, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers: new Headers(headers), body: new TextEncoder().encode(body) };
}

Deno.test("A page of keys is read by the encoding that it names", () => {
  const entry = (key: string) =>
    `<Contents><Key>${key}</Key><LastModified>2026-11-29T10:00:00.000Z</LastModified>` +
    "<ETag>e</ETag><Size>3</Size><StorageClass>GLACIER</StorageClass></Contents>";
  const page = (keys: string, more = "") =>
    answer(`<ListBucketResult>${keys}${more}<IsTruncated>false</IsTruncated></ListBucketResult>`);
  const [first] = readListing(page(entry("a+b%20c"))).entries;
  assertEquals(first, {
    ...{ key: "a+b%20c", size: 3, etag: '"e"', storageClass: "GLACIER" },
    modified: new Date("2026-11-29T10:00:00Z"),
  });
  const prefixes = "<CommonPrefixes><Prefix>%E6%97%A5%2F</Prefix></CommonPrefixes>";
  const encoded = "<EncodingType>url</EncodingType>" + prefixes;
  const keys = ["a+b%20c%2B", "%01", "%ff", "%zz", "é%C3%A9", "%"].map(entry).join("");
  const listing = readListing(page(keys, encoded));
  // A byte that is not UTF-8 is a lone surrogate, as in every name.
  const expected = ["a b c+", "\x01", "\udcff", "%zz", "éé", "%"];
  assertEquals(listing.entries.map(({ key }) => key), expected);
  assertEquals(listing.prefixes, ["日/"]);
});

Deno.test("Each kind of listing says where its next page begins", () => {
  const pages = "<IsTruncated>true</IsTruncated>";
  const listing = `<NextContinuationToken>t</NextContinuationToken>${pages}`;
  assertEquals(readListing(answer(`<ListBucketResult>${listing}</ListBucketResult>`)).next, "t");
  const uploads = "<EncodingType>url</EncodingType><NextKeyMarker>a%20b</NextKeyMarker>" +
    `<NextUploadIdMarker>u</NextUploadIdMarker>${pages}`;
  assertEquals(
    readUploads(answer(`<ListMultipartUploadsResult>${uploads}</ListMultipartUploadsResult>`)).next,
    { key: "a b", id: "u" },
  );
  const parts = `<NextPartNumberMarker>7</NextPartNumberMarker>${pages}`;
  assertEquals(readParts(answer(`<ListPartsResult>${parts}</ListPartsResult>`)).next, 7);
});

Deno.test("A listing that ends early without saying where does not pass for a whole one", () => {
  const pages = "<IsTruncated>true</IsTruncated>";
  const reads = [
    () => readListing(answer(`<ListBucketResult>${pages}</ListBucketResult>`)),
    () => readUploads(answer(`<ListMultipartUploadsResult>${pages}</ListMultipartUploadsResult>`)),
    () => readParts(answer(`<ListPartsResult>${pages}</ListPartsResult>`)),
    () => readListing(answer("<ListBucketResult><Contents></Contents>")),
    () => readListing(answer("<ListAllMyBucketsResult/>")),
  ];
  for (const read of reads) assertThrows(read, S3Error);
});

Deno.test("An object whose length is not told is not taken for an empty one", () => {
  const headers = { etag: '"e"', "last-modified": "Sun, 29 Nov 2026 10:00:00 GMT" };
  assertThrows(() => readObject("a", answer("", headers)), S3Error);
  const found = readObject("a", answer("", { ...headers, "content-length": "5" }));
  assertEquals([found.size, found.modified], [5, new Date("2026-11-29T10:00:00Z")]);
});
