import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { parseS3Options } from "../../../lib/cli/s3/options.ts";

function parsed(...args: string[]) {
  const options = parseS3Options(args);
  assert(!("print" in options));
  return options;
}

Deno.test("parseS3Options() reads the place and what new objects get", () => {
  const options = parsed(
    ...["--endpoint", "https://s3.example.com", "--region", "eu-central-1", "--path-style"],
    ...["--profile", "files", "--storage-class", "STANDARD_IA", "--acl", "private"],
    ...["--sse", "aws:kms", "--sse-kms-key-id", "key", "s3://bucket/a/%u/"],
  );
  const { place, endpoint, region, pathStyle, profile, storageClass, acl, sse, sseKmsKeyId } =
    options;
  assertEquals(place, { bucket: "bucket", prefix: "a/%u" });
  assertEquals(endpoint?.href, "https://s3.example.com/");
  assertEquals([region, pathStyle, profile], ["eu-central-1", true, "files"]);
  assertEquals([storageClass, acl, sse, sseKmsKeyId], ["STANDARD_IA", "private", "aws:kms", "key"]);
});

Deno.test("parseS3Options() refuses what is no place, server or encryption", () => {
  const wrong = [
    [],
    ["bucket"],
    ["https://bucket"],
    ["s3://"],
    ["s3:///prefix"],
    ["s3://a"],
    ["s3://bucket", "s3://other"],
    ["s3://bucket//a"],
    ["s3://bucket/a/../b"],
    ["--sse=plain", "s3://bucket"],
    ["--sse-kms-key-id=key", "s3://bucket"],
    ["--endpoint=s3.example.com", "s3://bucket"],
    ["--endpoint=https://user:password@s3.example.com", "s3://bucket"],
  ];
  for (const args of wrong) {
    const error = assertThrows(() => parseS3Options(args), UsageError, undefined, args.join(" "));
    assert(!/password/.test(error.message));
  }
});
