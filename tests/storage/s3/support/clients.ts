import { BucketClient } from "../../../../lib/storage/s3/client/bucket_client.ts";
import { fixedKeys } from "../../../../lib/storage/s3/client/keys.ts";
import type { S3Client } from "../../../../lib/storage/s3/client/s3_client.ts";
import type { S3 } from "../../../support/s3.ts";

/** A client of a bucket of the tests. */
export function clientOf({ endpoint, bucket, region, keys }: S3): S3Client {
  return new BucketClient({ endpoint: new URL(endpoint), bucket, region, keys: fixedKeys(keys) });
}
