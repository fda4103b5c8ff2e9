import type { RenameDoc } from "../database/documents.ts";
import { isGated } from "../database/journal.ts";
import type { GridFsContext } from "../database/context.ts";
import { finishDirectory, undoDirectory } from "../tree/rename_directory.ts";
import { finishFile, isFileMoved, retireReplaced } from "../tree/rename_file.ts";
import { isLinkMoved, undoLink } from "../tree/rename_link.ts";

/**
 * Ends a rename that a session left: finishes one whose decisive step is done, and undoes any
 * other, because its client may have been told that it failed. Touches only documents that have not
 * changed, under the names that they had.
 *
 * @returns Whether it is done; undefined where another session is at it.
 */
export async function settle(
  context: GridFsContext,
  entry: RenameDoc,
): Promise<boolean | undefined> {
  return await context.journal.take(entry) ? await conclude(context, entry) : undefined;
}

/** {@linkcode settle} for an entry that belongs to this session. */
export async function conclude(context: GridFsContext, { _id: id }: RenameDoc): Promise<boolean> {
  const { bucket, journal } = context;
  try {
    const entry = await bucket.journal.first({ _id: id });
    if (entry?.kind !== "rename" || !entry.session.equals(bucket.session)) return false;
    const isDone = await isMoved(context, entry);
    if (isDone) await finish(context, entry, true);
    else await undo(context, entry);
    await journal.end(id);
    return isDone;
  } catch (error) {
    journal.abandon({ _id: id, kind: "rename" });
    throw error;
  }
}

/** Does what is left after everything is seen at its new name. */
export async function finish(
  context: GridFsContext,
  entry: RenameDoc,
  isLate = false,
): Promise<void> {
  const { what } = entry;
  switch (what.kind) {
    case "file":
      await finishFile(context, { ...entry, what, isLate });
      break;
    case "link":
      break;
    case "directory":
      await finishDirectory(context, entry);
  }
  if (isGated(what)) await context.journal.closeGate(entry._id);
}

async function isMoved(context: GridFsContext, entry: RenameDoc): Promise<boolean> {
  const { what } = entry;
  switch (what.kind) {
    case "file":
      return await isFileMoved(context, { ...entry, what });
    case "link":
      return await isLinkMoved(context, { ...entry, what });
    case "directory":
      return what.isDone === true;
  }
}

async function undo(context: GridFsContext, entry: RenameDoc): Promise<void> {
  const { what } = entry;
  if (what.kind === "link") await undoLink(context, { ...entry, what });
  else if (what.kind === "directory") await undoDirectory(context, { ...entry, what });
  // A file moves by one step, which was not done.
  else await retireReplaced(context, { ...entry, what });
  if (isGated(what)) await context.journal.closeGate(entry._id);
}
