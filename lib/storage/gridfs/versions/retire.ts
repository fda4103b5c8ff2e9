import type { ClientSession } from "mongodb";
import type { VirtualPath } from "../../storage.ts";
import type { Bucket } from "../database/bucket.ts";
import type { FileDoc, FileId, RetiredDoc } from "../database/documents.ts";
import { GRACE_MS, retiredId } from "../database/journal.ts";
import { pathOf } from "../../remote/names.ts";

/** Versions that are removed with one request. */
const BATCH_VERSIONS = 500;

/** What happens to a name whose files are removed. */
export interface Retirement {
  /** The files' name: files that have another name by now stay. */
  readonly filename: string;
  /** The file that replaces them; null if they are removed. */
  readonly replacedBy: FileId | null;
  /** Whether this finishes work that was left, so that the files may have another name by now. */
  readonly isLate?: boolean;
}

/**
 * Removes versions of files: no session finds them any more. Their chunks stay, for sessions that
 * have them open, until the grace time is over.
 *
 * @param files The newest is the last, so that none of the others becomes visible meanwhile.
 */
export async function retire(
  bucket: Bucket,
  files: readonly FileId[],
  { filename, replacedBy, isLate = false }: Retirement,
  session?: ClientSession,
): Promise<void> {
  const due = new Date(bucket.now().getTime() + GRACE_MS);
  const isThere = { _id: { $in: [...files] }, filename };
  const found = isLate
    ? (await bucket.files.all(isThere, { projection: { _id: 1 } })).map(({ _id }) => _id)
    : files;
  for (const batch of batchesOf(found)) {
    const entries = batch.map((file): RetiredDoc => ({
      _id: retiredId(file),
      kind: "retired",
      file,
      replacedBy,
      due,
    }));
    await bucket.journal.write(
      entries.map(({ _id, ...fields }) => ({
        updateOne: { filter: { _id }, update: { $set: fields }, upsert: true },
      })),
      session,
    );
    const which = batch.length === 1 ? { _id: batch[0]! } : { _id: { $in: batch } };
    const named = { ...which, filename };
    await bucket.files.remove(isLate ? named : which, session, named);
  }
}

/** The files in batches, the last one by itself. */
function* batchesOf(files: readonly FileId[]): Generator<FileId[]> {
  const before = files.slice(0, -1);
  for (let at = 0; at < before.length; at += BATCH_VERSIONS) {
    yield before.slice(at, at + BATCH_VERSIONS);
  }
  if (files.length > 0) yield files.slice(-1);
}

/** The version that has replaced `id` by now; undefined if it was removed, or nothing is known. */
export async function successorOf(bucket: Bucket, id: FileId): Promise<FileDoc | undefined> {
  for (let at = id;;) {
    const doc = await bucket.files.first({ _id: at });
    if (doc !== undefined) return doc;
    const entry = await bucket.journal.first({ _id: retiredId(at) });
    if (entry?.kind !== "retired" || entry.replacedBy === null) return undefined;
    at = entry.replacedBy;
  }
}

/**
 * The path of a file that was opened as version `id`, whatever its name and
 * its version are now; undefined where it was removed.
 *
 * @param otherwise The result if nothing is known of it any more.
 */
export async function currentPath(
  bucket: Bucket,
  id: FileId,
  otherwise: VirtualPath,
): Promise<VirtualPath | undefined> {
  let at = id;
  for (;;) {
    const doc = await bucket.files.first({ _id: at }, { projection: { filename: 1 } });
    if (doc !== undefined) return pathOf(doc.filename);
    const entry = await bucket.journal.first({ _id: retiredId(at) });
    if (entry?.kind !== "retired") return otherwise;
    if (entry.replacedBy === null) return undefined;
    at = entry.replacedBy;
  }
}
