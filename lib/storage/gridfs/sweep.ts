import { StorageError } from "../errors.ts";
import type { JournalDoc, RetiredDoc } from "./documents.ts";
import { idText } from "./documents.ts";
import { isOfDatabase } from "./gridfs_errors.ts";
import { editId, retiredId } from "./journal.ts";
import { applyEdit, type Place } from "./publish.ts";
import { finishRename } from "./rename.ts";
import { retire } from "./retire.ts";

/** Something that was not as it should be. */
export interface Finding {
  /** What kind of thing it is. */
  readonly kind:
    | "unfinished upload"
    | "unfinished edit"
    | "unfinished rename"
    | "abandoned claim"
    | "retired version"
    | "orphaned chunks"
    | "missing chunks"
    | "unusable name"
    | "unsound file"
    | "unsound chunks"
    | "unsound node"
    | "hidden by a file";
  /** What it is about, in one line of text. */
  readonly what: string;
  /** Whether it is as it should be now. */
  readonly mended: boolean;
}

/** How to look for what was left. */
export interface SweepOptions {
  /** Do something about it. */
  readonly mend: boolean;
  /** Hears each finding. */
  readonly found: (finding: Finding) => void;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes up what dead sessions have left in the journal, and sweeps the chunks
 * of versions whose grace time is over. Any number of sessions may do it at
 * once: each step may be done twice.
 */
export async function sweep(place: Place, { mend, found, signal }: SweepOptions): Promise<void> {
  const { bucket, journal } = place;
  const left = await bucket.journal.all({ alive: { $lt: journal.deadline() } });
  const over = await bucket.journal.all({ due: { $lt: bucket.now() } });
  for (const entry of [...left, ...over]) {
    if (signal?.aborted) return;
    const told = await describe(place, entry);
    if (told === undefined) continue;
    let mended = false;
    if (mend) {
      try {
        await finish(place, entry);
        mended = true;
      } catch (error) {
        if (!(error instanceof StorageError) && !isOfDatabase(error)) throw error;
      }
    }
    found({ ...told, mended });
  }
}

async function describe(
  { bucket }: Place,
  entry: JournalDoc,
): Promise<Pick<Finding, "kind" | "what"> | undefined> {
  switch (entry.kind) {
    case "claim":
      return { kind: "abandoned claim", what: entry._id.slice("claim ".length) };
    case "upload":
      return { kind: "unfinished upload", what: idText(entry.file) };
    case "edit":
      return { kind: "unfinished edit", what: entry.result?.filename ?? idText(entry.file) };
    case "rename":
      return { kind: "unfinished rename", what: `${entry.from} to ${entry.to}` };
    case "retired": {
      // Who edits a version in place may need it yet.
      const editor = await bucket.journal.first({ _id: editId(entry.file) });
      return editor === undefined
        ? { kind: "retired version", what: idText(entry.file) }
        : undefined;
    }
  }
}

async function finish(place: Place, entry: JournalDoc): Promise<void> {
  const { bucket, journal } = place;
  switch (entry.kind) {
    case "claim":
      // Somebody else may have taken it by now.
      await bucket.journal.remove({ _id: entry._id, alive: { $lt: journal.deadline() } });
      return;
    case "upload": {
      const doc = await bucket.files.first({ _id: entry.file }, { projection: { _id: 1 } });
      if (doc === undefined) await bucket.chunks.remove({ files_id: entry.file });
      else await retire(bucket, entry.replaces ?? [], entry.file);
      break;
    }
    case "edit": {
      const { result } = entry;
      if (result === undefined) await bucket.chunks.remove({ files_id: entry.staged });
      else await applyEdit(place, { ...entry, result });
      break;
    }
    case "rename":
      await finishRename(place, entry);
      break;
    case "retired":
      await sweepRetired(place, entry);
      break;
  }
  await journal.end([entry._id]);
}

async function sweepRetired({ bucket }: Place, { file }: RetiredDoc): Promise<void> {
  // An edit may have brought it back since.
  if (await bucket.journal.first({ _id: retiredId(file) }) === undefined) return;
  await bucket.files.removeAll([file]);
  await bucket.chunks.remove({ files_id: file });
}
