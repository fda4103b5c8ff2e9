import type { ClientSession } from "mongodb";
import type { VirtualPath } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import type { FileId, RetiredDoc } from "./documents.ts";
import { GRACE, retiredId } from "./journal.ts";
import { pathOf } from "./names.ts";

/** Versions that are taken away with one request. */
const BATCH = 500;

/**
 * Takes versions of files away: nobody finds them any more. Their chunks stay
 * for those who have them open, until the grace time is over.
 *
 * @param replacedBy What stands in their place; null where they are removed.
 */
export async function retire(
  bucket: Bucket,
  files: readonly FileId[],
  replacedBy: FileId | null,
  session?: ClientSession,
): Promise<void> {
  const due = new Date(bucket.now().getTime() + GRACE);
  for (let at = 0; at < files.length; at += BATCH) {
    const batch = files.slice(at, at + BATCH);
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
    await bucket.files.removeAll(batch, session);
  }
}

/**
 * The path of a file that was opened as version `id`, whatever its name and
 * its version are now; undefined where it was removed.
 *
 * @param otherwise Where nothing is known of it any more.
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
