import { type Db, GridFSBucket, type GridFSBucketWriteStream } from "mongodb";
import type { GridFsStorage } from "../../../../lib/storage/gridfs/gridfs.ts";
import type { GridFsFile } from "../../../../lib/storage/gridfs/gridfs_file.ts";
import type { OpenOptions } from "../../../../lib/storage/storage.ts";
import { how, Subject } from "../../../../lib/testing/subject.ts";

type Flag = Exclude<keyof OpenOptions, "attrs">;

/** The storage as a subject of tests. */
export function subject(storage: GridFsStorage): Subject {
  return new Subject(storage, true);
}

/** Opens a file as a client does. */
export function open(
  storage: GridFsStorage,
  path: string,
  ...flags: readonly Flag[]
): Promise<GridFsFile> {
  return storage.open(path, how(...flags));
}

/** Writes a file as the driver's own bucket does. */
export async function driverWrites(
  db: Db,
  bucket: string,
  filename: string,
  bytes: Uint8Array,
  options: { readonly chunkSizeBytes?: number; readonly metadata?: Record<string, unknown> } = {},
): Promise<GridFSBucketWriteStream["id"]> {
  const stream = new GridFSBucket(db, { bucketName: bucket }).openUploadStream(filename, options);
  await new Promise<void>((resolve, reject) => {
    stream.once("error", reject);
    stream.once("finish", () => resolve());
    stream.end(bytes);
  });
  return stream.id;
}

/** Reads a file as the driver's own bucket does; it checks the sizes of all chunks. */
export async function driverReads(db: Db, bucket: string, filename: string): Promise<Uint8Array> {
  const stream = new GridFSBucket(db, { bucketName: bucket }).openDownloadStreamByName(filename);
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** Random bytes. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}
