import type { Storage } from "../storage.ts";
import type { Finding } from "./repair/check.ts";
import type { CheckOptions, GridFsOptions } from "./database/options.ts";

/**
 * Opens a bucket of MongoDB's GridFS as a storage. The driver is loaded by
 * this call and not before.
 *
 * @param uri `mongodb://…` or `mongodb+srv://…`, with any option of the driver.
 * @throws {StorageError} If the database does not answer, or refuses this user.
 *
 * @example
 * ```ts
 * import { serve } from "@sftpwrap/sftpwrap";
 * import { openGridFs } from "@sftpwrap/sftpwrap/gridfs";
 *
 * Deno.exit(await serve(await openGridFs("mongodb://localhost/", { database: "files" })));
 * ```
 */
export async function openGridFs(
  uri: string,
  options: GridFsOptions = {},
): Promise<Storage> {
  const { GridFsStorage } = await import("./gridfs.ts");
  return await GridFsStorage.open(uri, options);
}

/**
 * Finds what crashes have left in a bucket, and repairs it on demand: unfinished renames and edits,
 * chunks without a file, files without their chunks. Other sessions may work on the bucket
 * meanwhile.
 *
 * @throws {StorageError} If the database does not answer, or refuses this user.
 */
export async function checkGridFs(
  uri: string,
  options: CheckOptions = {},
): Promise<readonly Finding[]> {
  const { checkBucket } = await import("./repair/check.ts");
  return await checkBucket(uri, options);
}
