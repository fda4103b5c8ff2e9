import type { NewObject, ObjectHeaders } from "./s3_client.ts";
import { encodeValue } from "./metadata.ts";
import { HEADER_NAMES } from "./answers.ts";

/** What every new object gets besides its own. */
export interface UploadSettings {
  /** The storage class, such as `STANDARD_IA`. */
  readonly storageClass?: string | undefined;
  /** Encryption by the server: `AES256`, `aws:kms` or `aws:kms:dsse`. */
  readonly sse?: string | undefined;
  /** The key of the key service, by its id or ARN. */
  readonly sseKmsKeyId?: string | undefined;
  /** A canned ACL, such as `bucket-owner-full-control`. */
  readonly acl?: string | undefined;
}

/** The headers of a request that makes an object. */
export function newObjectHeaders(
  settings: UploadSettings,
  { metadata, headers = {}, storageClass = settings.storageClass }: NewObject,
): Record<string, string | undefined> {
  const all: Record<string, string | undefined> = {
    "x-amz-storage-class": storageClass,
    "x-amz-server-side-encryption": settings.sse,
    "x-amz-server-side-encryption-aws-kms-key-id": settings.sseKmsKeyId,
    "x-amz-acl": settings.acl,
  };
  for (const [property, name] of Object.entries(HEADER_NAMES)) {
    all[name] = headers[property as keyof ObjectHeaders];
  }
  for (const [name, value] of metadata ?? []) all[`x-amz-meta-${name}`] = encodeValue(value);
  return all;
}
