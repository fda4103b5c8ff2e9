import type { ClientSession } from "mongodb";
import { errorOf } from "../../errno.ts";
import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import type { Bucket } from "../database/bucket.ts";
import { withNamesLocked } from "../tree/name_locks.ts";
import { type FileDoc, timeOf } from "../database/documents.ts";
import { fail, isAnswer } from "../database/gridfs_errors.ts";
import { finishNowOrLater, LIFETIME_MS, uploadId } from "../database/journal.ts";
import { filenameOf } from "../../remote/names.ts";
import type { GridFsContext } from "../database/context.ts";
import { retire } from "./retire.ts";

/** A version whose chunks have all been stored. */
export interface Finished {
  /** Where clients will see it. */
  readonly path: VirtualPath;
  /** Fail if something exists there. */
  readonly exclusive: boolean;
  /** Its document except for name and date, once it is known which file it replaces. */
  readonly describe: (current: FileDoc | undefined) => Omit<FileDoc, "filename" | "uploadDate">;
}

/**
 * Makes a version under an id of its own visible. The decisive step is the insert of its document,
 * which then is the newest of its name.
 */
export async function publish(context: GridFsContext, finished: Finished): Promise<void> {
  const { bucket, journal } = context;
  await withNamesLocked(context, [finished.path], async () => {
    const current = await currentAt(context, finished);
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
      await insert(context, doc);
      await finishNowOrLater(journal, { _id: id, kind: "upload" }, giveWay);
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
    // What the database refused may have been done before the connection broke.
    if (await bucket.files.first({ _id }, { projection: { _id: 1 } }) === undefined) fail(error);
  }
  // This session may have been suspended, and counted as dead: then its chunks have been swept.
  if (Date.now() - noted < LIFETIME_MS / 2) return;
  try {
    await journal.note(uploadId(_id), {});
  } catch (error) {
    if (error instanceof StorageError) await bucket.files.removeAll([_id]);
    throw error;
  }
}

/** The file that will be replaced; nothing else may be in its context. */
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
  // Newer than what it replaces, whatever the clocks say: clients see the newest.
  const newer = timeOf(current?.uploadDate) + 1;
  const uploadDate = new Date(Math.max(bucket.now().getTime(), newer));
  return { ...describe(current), filename: filenameOf(path), uploadDate };
}
