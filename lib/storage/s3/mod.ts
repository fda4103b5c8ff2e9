/**
 * Files in a bucket of S3 as a storage.
 *
 * @module
 */

export { fixedKeys, type Keys, type KeySource } from "./client/keys.ts";
export type { UploadSettings } from "./client/object_headers.ts";
export { openS3, type S3Options } from "./open.ts";
export type { S3StorageOptions } from "./options.ts";
