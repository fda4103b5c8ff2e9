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
export async function settle(place: GridFsContext, entry: RenameDoc): Promise<boolean | undefined> {
  return await place.journal.take(entry) ? await conclude(place, entry) : undefined;
}

/** {@linkcode settle} for an entry that belongs to this session. */
export async function conclude(place: GridFsContext, { _id: id }: RenameDoc): Promise<boolean> {
  const { bucket, journal } = place;
  try {
    const entry = await bucket.journal.first({ _id: id });
    if (entry?.kind !== "rename" || !entry.session.equals(bucket.session)) return false;
    const isDone = await isMoved(place, entry);
    if (isDone) await finish(place, entry, true);
    else await undo(place, entry);
    await journal.end(id);
    return isDone;
  } catch (error) {
    journal.abandon({ _id: id, kind: "rename" });
    throw error;
  }
}

/** Does what is left after everything is seen at its new name. */
export async function finish(
  place: GridFsContext,
  entry: RenameDoc,
  isLate = false,
): Promise<void> {
  const { what } = entry;
  switch (what.kind) {
    case "file":
      await finishFile(place, { ...entry, what, isLate });
      break;
    case "link":
      break;
    case "directory":
      await finishDirectory(place, entry);
  }
  if (isGated(what)) await place.journal.closeGate(entry._id);
}

async function isMoved(place: GridFsContext, entry: RenameDoc): Promise<boolean> {
  const { what } = entry;
  switch (what.kind) {
    case "file":
      return await isFileMoved(place, { ...entry, what });
    case "link":
      return await isLinkMoved(place, { ...entry, what });
    case "directory":
      return what.isDone === true;
  }
}

async function undo(place: GridFsContext, entry: RenameDoc): Promise<void> {
  const { what } = entry;
  if (what.kind === "link") await undoLink(place, { ...entry, what });
  else if (what.kind === "directory") await undoDirectory(place, { ...entry, what });
  // A file moves by one step, which was not done.
  else await retireReplaced(place, { ...entry, what });
  if (isGated(what)) await place.journal.closeGate(entry._id);
}
