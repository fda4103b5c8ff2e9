import type { ClientSession } from "mongodb";
import { errorOf } from "../errno.ts";
import type { VirtualPath } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import { type EditDoc, type FileDoc, type FileId, idText, numberOf, timeOf } from "./documents.ts";
import { editId, type Journal, retiredId, uploadId } from "./journal.ts";
import { filenameOf } from "./names.ts";
import { retire } from "./retire.ts";
import { within } from "./table.ts";
import type { Tree } from "./tree.ts";

/** Chunks that change hands with one request. */
const BATCH = 64;

/** What a version is published in. */
export interface Place {
  readonly bucket: Bucket;
  readonly journal: Journal;
  readonly tree: Tree;
}

/** A version whose chunks are all there. */
export interface Finished {
  /** Where it is to be seen. */
  readonly path: VirtualPath;
  /** Fail where there is something. */
  readonly exclusive: boolean;
  /** Its document but for name and date, once it is known what it takes the place of. */
  readonly describe: (current: FileDoc | undefined) => Omit<FileDoc, "filename" | "uploadDate">;
}

/**
 * Makes a version under an id of its own visible. The one step that counts is
 * the insert of its document, which is the newest of its name then.
 */
export async function publishWhole(place: Place, finished: Finished): Promise<void> {
  const { bucket, journal } = place;
  await journal.claiming([finished.path], async () => {
    const current = await currentAt(place, finished);
    const doc = documentOf(bucket, finished, current);
    await bucket.atomically(async (session) => {
      if (current !== undefined) {
        await journal.note(uploadId(doc._id), { replaces: [current._id] }, session);
      }
      await bucket.files.insert(doc, { session });
      if (current !== undefined) await retire(bucket, [current._id], doc._id, session);
      await journal.end([uploadId(doc._id)], session);
    });
  });
}

/**
 * Puts staged chunks in the place of a file's own. Where there are no
 * transactions, the journal knows from the first step on what is to be done,
 * and any session can go on with it.
 */
export async function publishEdit(
  place: Place,
  finished: Finished,
  staged: FileId,
): Promise<void> {
  const { bucket, journal } = place;
  await journal.claiming([finished.path], async () => {
    const current = await currentAt(place, finished);
    const result = documentOf(bucket, finished, current);
    const { _id: file } = result;
    const replaces = current === undefined || idText(current._id) === idText(file)
      ? []
      : [current._id];
    await bucket.atomically(async (session) => {
      await journal.note(editId(file), { result, replaces }, session);
      await applyEdit(place, { file, staged, result, replaces }, session);
    });
  });
}

/** The steps of {@linkcode publishEdit}; each may be done twice. */
export async function applyEdit(
  { bucket, journal }: Pick<Place, "bucket" | "journal">,
  { file, staged, result, replaces = [] }: Pick<EditDoc, "file" | "staged" | "replaces"> & {
    readonly result: FileDoc;
  },
  session?: ClientSession,
): Promise<void> {
  const moving = await bucket.chunks
    .all({ files_id: staged }, { ...within(session), projection: { n: 1 } });
  for (let at = 0; at < moving.length; at += BATCH) {
    const batch = moving.slice(at, at + BATCH);
    const old = await bucket.chunks.all(
      { files_id: file, n: { $in: batch.map(({ n }) => n) } },
      { ...within(session), projection: { _id: 1 } },
    );
    await bucket.chunks.write([
      ...old.map(({ _id }) => ({ deleteOne: { filter: { _id } } })),
      ...batch.map(({ _id }) => ({
        updateOne: { filter: { _id }, update: { $set: { files_id: file } } },
      })),
    ], session);
  }
  // The version may have been retired since it was opened.
  await journal.end([retiredId(file)], session);
  const { _id, length, uploadDate, metadata, ...others } = result;
  await bucket.files.update({ _id }, {
    $set: { length, uploadDate, metadata: metadata ?? {} },
    $setOnInsert: others,
    // Of the content that was.
    $unset: { md5: "" },
  }, { session, upsert: true });
  if (replaces.length > 0) await retire(bucket, replaces, file, session);
  const count = Math.ceil(numberOf(length) / numberOf(result.chunkSize));
  await bucket.chunks.remove({ files_id: file, n: { $gte: count } }, session);
  await journal.end([editId(file)], session);
}

/** The file that is to be replaced; nothing else may be in its place. */
async function currentAt(
  { tree }: Place,
  { path, exclusive }: Finished,
): Promise<FileDoc | undefined> {
  const entry = await tree.entry(path);
  if (entry === undefined) return undefined;
  if (exclusive) throw errorOf("EEXIST");
  if (entry.kind === "directory") throw errorOf("EISDIR");
  if (entry.kind === "link") throw errorOf("EEXIST");
  return entry.doc;
}

function documentOf(
  bucket: Bucket,
  { path, describe }: Finished,
  current: FileDoc | undefined,
): FileDoc {
  // Newer than what it replaces, whatever the clocks say: the newest is the one that counts.
  const newer = timeOf(current?.uploadDate) + 1;
  const uploadDate = new Date(Math.max(bucket.now().getTime(), newer));
  return { ...describe(current), filename: filenameOf(path), uploadDate };
}
