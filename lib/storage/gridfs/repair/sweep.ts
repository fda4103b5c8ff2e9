import { StorageError } from "../../errors.ts";
import type { JournalDoc, RetiredDoc, UploadDoc, WorkDoc } from "../database/documents.ts";
import { idText } from "../database/documents.ts";
import { isOfDatabase } from "../database/gridfs_errors.ts";
import { retiredId } from "../database/journal.ts";
import type { GridFsContext } from "../database/context.ts";
import { retire, successorOf } from "../versions/retire.ts";
import { settle } from "./settle.ts";

/** Something that was not as it should be. */
export interface Finding {
  /** The kind of problem. */
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
  /** What is affected, in one line of text. */
  readonly what: string;
  /** Whether it is repaired now. */
  readonly mended: boolean;
}

export interface SweepOptions {
  /** Whether to repair what is found. */
  readonly mend: boolean;
  /** Receives each finding. */
  readonly found: (finding: Finding) => void;
  /** Ends the sweep early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes over what dead sessions have left in the journal, and what this session has left halfway,
 * and sweeps the chunks of versions whose grace time is over. Any number of sessions may sweep at
 * once: each entry is taken over by one of them.
 */
export async function sweep(context: GridFsContext, options: SweepOptions): Promise<void> {
  const { bucket, journal } = context;
  const { mend, signal } = options;
  const left = await bucket.journal.all({ alive: { $lt: journal.deadline() } });
  for (const entry of left) {
    if (signal?.aborted) return;
    if (isWork(entry)) await sweepWork(context, entry, options);
  }
  if (mend) await journal.sweepGate();
  const over = await bucket.journal.all({ due: { $lt: bucket.now() } });
  if (over.length === 0) return;
  // Asked after that, so that every edit that began from a version before it was due is among them.
  const edits = await bucket.journal.all({ base: { $exists: true } });
  const needed = new Set(
    edits.flatMap((entry) =>
      entry.kind === "upload" && entry.base !== undefined ? [idText(entry.base)] : []
    ),
  );
  for (const entry of over) {
    if (signal?.aborted) return;
    if (entry.kind === "retired" && !needed.has(idText(entry.file))) {
      await sweepRetired(context, entry, options);
    }
  }
}

/** Finishes what this session itself has left halfway, as soon as the database is back. */
export async function sweepOwn(context: GridFsContext, options: SweepOptions): Promise<void> {
  const { bucket, journal } = context;
  const { abandoned } = journal;
  if (abandoned.length === 0) return;
  await journal.endLeftClaims();
  const left = await bucket.journal.all({ _id: { $in: [...abandoned] }, session: bucket.session });
  const known = new Set(left.map(({ _id }) => _id));
  for (const id of abandoned) if (!known.has(id)) journal.forget(id);
  for (const entry of left) {
    if (options.signal?.aborted) return;
    if (entry.kind === "rename") await sweepWork(context, entry, options);
  }
}

function isWork(entry: JournalDoc): entry is WorkDoc {
  return entry.kind === "claim" || entry.kind === "upload" || entry.kind === "rename";
}

async function sweepWork(
  context: GridFsContext,
  entry: WorkDoc,
  { mend, found }: SweepOptions,
): Promise<void> {
  const told = describe(entry);
  if (!mend) {
    found({ ...told, mended: false });
    return;
  }
  try {
    const outcome = await end(context, entry);
    if (outcome === undefined) return;
    found({ kind: told.kind, what: told.what + outcome, mended: true });
  } catch (error) {
    refuseUnlessFailure(error);
    found({ ...told, mended: false });
  }
}

function describe(entry: WorkDoc): Pick<Finding, "kind" | "what"> {
  switch (entry.kind) {
    case "claim":
      return { kind: "abandoned claim", what: entry._id.slice("claim ".length) };
    case "upload": {
      const kind = entry.base === undefined ? "unfinished upload" : "unfinished edit";
      return { kind, what: idText(entry.file) };
    }
    case "rename":
      return { kind: "unfinished rename", what: `${entry.from} to ${entry.to}` };
  }
}

/** Finishes work; returns what came of it, or undefined if another session is at it. */
async function end(context: GridFsContext, entry: WorkDoc): Promise<string | undefined> {
  const { bucket, journal } = context;
  switch (entry.kind) {
    case "claim":
      // Another session may have taken it over by now.
      await bucket.journal.remove({ _id: entry._id, alive: { $lt: journal.deadline() } });
      return "";
    case "upload":
      if (!await journal.take(entry)) return undefined;
      try {
        await endUpload(context, entry);
        await journal.end(entry._id);
      } catch (error) {
        journal.abandon(entry);
        throw error;
      }
      return "";
    case "rename": {
      const isDone = await settle(context, entry);
      if (isDone === undefined) return undefined;
      return isDone ? ", finished" : ", taken back";
    }
  }
}

async function endUpload(
  { bucket }: GridFsContext,
  { file, replaces = [] }: UploadDoc,
): Promise<void> {
  const successor = await successorOf(bucket, file);
  if (successor !== undefined) {
    const { _id: replacedBy, filename } = successor;
    await retire(bucket, replaces, { filename, replacedBy, isLate: true });
  } else if (await bucket.journal.first({ _id: retiredId(file) }) === undefined) {
    await bucket.chunks.remove({ files_id: file });
  }
}

async function sweepRetired(
  { bucket }: GridFsContext,
  { _id, file, due }: RetiredDoc,
  { mend, found }: SweepOptions,
): Promise<void> {
  const told = { kind: "retired version", what: idText(file) } as const;
  if (!mend) {
    found({ ...told, mended: false });
    return;
  }
  try {
    // If the document is still there, the version was not removed after all.
    const doc = await bucket.files.first({ _id: file }, { projection: { _id: 1 } });
    if (doc === undefined) await bucket.chunks.remove({ files_id: file });
    // Unless the version has been retired once more.
    await bucket.journal.remove({ _id, due });
    if (doc === undefined) found({ ...told, mended: true });
  } catch (error) {
    refuseUnlessFailure(error);
    found({ ...told, mended: false });
  }
}

function refuseUnlessFailure(error: unknown): void {
  if (!(error instanceof StorageError) && !isOfDatabase(error)) throw error;
}
