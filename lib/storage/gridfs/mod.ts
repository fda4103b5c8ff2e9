/**
 * Files in MongoDB's GridFS as a storage. It has an entry point of its own, because it brings the
 * database's driver along.
 *
 * @module
 */

export type { Finding } from "./repair/check.ts";
export { checkGridFs, openGridFs } from "./open.ts";
export type { CheckOptions, GridFsOptions } from "./database/options.ts";
export type { BeforePublish, FinishedUpload } from "../finished_upload.ts";
