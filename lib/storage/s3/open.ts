import type { Storage } from "../storage.ts";
import { BucketClient } from "./client/bucket_client.ts";
import type { KeySource } from "./client/keys.ts";
import type { UploadSettings } from "./client/object_headers.ts";
import type { S3StorageOptions } from "./options.ts";
import { S3Storage } from "./s3.ts";

/** A bucket, how it is reached, and how it is used. */
export interface S3Options extends S3StorageOptions {
  /** The bucket's name. */
  readonly bucket: string;
  /** Its region. */
  readonly region: string;
  /** The server, if it is not AWS. */
  readonly endpoint?: URL | undefined;
  /** Whether the bucket's name is in the path instead of the host; by default only at AWS not. */
  readonly pathStyle?: boolean | undefined;
  /** What requests are signed with. */
  readonly keys: KeySource;
  /** Certificates to trust besides the usual ones, as PEM. */
  readonly caCerts?: readonly string[] | undefined;
  /** What every new object gets. */
  readonly uploads?: UploadSettings | undefined;
  /** Is told of each request that failed, and whether it is not tried again. */
  readonly report?: ((line: string, isFinal: boolean) => void) | undefined;
}

/**
 * Opens a bucket of S3 as a storage.
 *
 * @throws {StorageError} If the server does not answer, does not know the bucket, or refuses the
 * keys.
 *
 * @example
 * ```ts
 * import { serve } from "@sftpwrap/sftpwrap";
 * import { fixedKeys, openS3 } from "@sftpwrap/sftpwrap/s3";
 *
 * const keys = fixedKeys({ accessKeyId: "…", secretAccessKey: "…" });
 * Deno.exit(await serve(await openS3({ bucket: "files", region: "eu-central-1", keys })));
 * ```
 */
export async function openS3(options: S3Options): Promise<Storage> {
  const client = new BucketClient(options);
  const storage = new S3Storage(client, options);
  try {
    await storage.probe();
  } catch (error) {
    await storage.close();
    throw error;
  }
  return storage;
}
