import type { ClientSession } from "mongodb";
import { errorOf } from "../../errno.ts";
import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import type { Bucket } from "../database/bucket.ts";
import { claiming } from "../database/claims.ts";
import { type FileDoc, timeOf } from "../database/documents.ts";
import { fail, isAnswer } from "../database/gridfs_errors.ts";
import { laterAtWorst, LIFETIME_MS, uploadId } from "../database/journal.ts";
import { filenameOf } from "../tree/names.ts";
import type { GridFsContext } from "../database/context.ts";
import { retire } from "./retire.ts";

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
export async function publish(place: GridFsContext, finished: Finished): Promise<void> {
  const { bucket, journal } = place;
  await claiming(place, [finished.path], async () => {
    const current = await currentAt(place, finished);
    const doc = documentOf(bucket, finished, current);
    const id = uploadId(doc._id);
    const replaces = current === undefined ? [] : [current._id];
    const giveWay = async (session?: ClientSession) => {
      const { filename } = doc;
      await retire(bucket, replaces, { filename, replacedBy: doc._id }, session);
      await journal.end(id, session);
    };
    if (bucket.transactions) {
      await bucket.atomically(async (session) => {
        await journal.note(id, { replaces }, session);
        await bucket.files.insert(doc, { session });
        await giveWay(session);
      });
    } else {
      await journal.note(id, { replaces });
      await insert(place, doc);
      await laterAtWorst(journal, { _id: id, kind: "upload" }, giveWay);
    }
  });
}

async function insert({ bucket, journal }: GridFsContext, doc: FileDoc): Promise<void> {
  const { _id } = doc;
  const noted = Date.now();
  try {
    await bucket.files.insert(doc);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    // What the database refused was perhaps done before the connection broke.
    if (await bucket.files.first({ _id }, { projection: { _id: 1 } }) === undefined) fail(error);
  }
  // It may have stood still, and been taken for dead: then its chunks have gone.
  if (Date.now() - noted < LIFETIME_MS / 2) return;
  try {
    await journal.note(uploadId(_id), {});
  } catch (error) {
    if (error instanceof StorageError) await bucket.files.removeAll([_id]);
    throw error;
  }
}

/** The file that is to be replaced; nothing else may be in its place. */
async function currentAt(
  { tree }: GridFsContext,
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
