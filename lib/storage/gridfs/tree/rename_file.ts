import type { ClientSession } from "mongodb";
import { errorOf } from "../../errno.ts";
import type { VirtualPath } from "../../storage.ts";
import { type FileDoc, type MovedFile, type RenameDoc, timeOf } from "../database/documents.ts";
import { filenameOf } from "../../remote/names.ts";
import { namesOf } from "./names.ts";
import type { GridFsContext } from "../database/context.ts";
import { retire, successorOf } from "../versions/retire.ts";

/** A rename of a file, as it will be done. */
export type FileRename = Pick<RenameDoc, "from" | "to" | "replaces"> & { readonly what: MovedFile };

/** What is known of one of several files with one name. */
export type Revision = Pick<FileDoc, "_id" | "uploadDate">;

/** All files of one name: oldest first, and last the newest, which clients see. */
export async function revisionsAt(
  { bucket }: Pick<GridFsContext, "bucket">,
  path: VirtualPath,
): Promise<Revision[]> {
  const found = await bucket.files.all(
    { filename: namesOf([path]) },
    { projection: { uploadDate: 1 }, sort: { uploadDate: 1 } },
  );
  // In the database's order, what is not a date may come after every date.
  return found.sort((one, other) => timeOf(one.uploadDate) - timeOf(other.uploadDate));
}

/**
 * Gives the newest file of a name its new name: the decisive step. Clients see the newest file of a
 * name, so they no longer see what it replaces.
 *
 * @throws ENOENT if it has another name by now.
 */
export async function moveNewest(
  { bucket }: GridFsContext,
  { from, to, moved, replaced }: {
    readonly from: VirtualPath;
    readonly to: VirtualPath;
    readonly moved: Revision;
    readonly replaced: Revision | undefined;
  },
  session?: ClientSession,
): Promise<void> {
  const { _id } = moved;
  const filename = filenameOf(to);
  const after = Math.max(0, timeOf(replaced?.uploadDate)) + 1;
  const isOlder = replaced !== undefined &&
    timeOf(moved.uploadDate) <= timeOf(replaced.uploadDate);
  const newer = isOlder ? { uploadDate: new Date(after) } : {};
  const change = { $set: { filename, ...newer } };
  if (await bucket.files.update({ _id, filename: filenameOf(from) }, change, { session })) return;
  // It was done before the connection broke, or cannot be done any more.
  const doc = await bucket.files.first({ _id }, { projection: { filename: 1 } });
  if (doc?.filename !== filename) throw errorOf("ENOENT");
}

/** Whether the decisive step was done, and still holds: the file may have been written since. */
export async function isFileMoved(
  { bucket }: GridFsContext,
  { to, what }: FileRename,
): Promise<boolean> {
  const moved = await successorOf(bucket, what.files.at(-1)!);
  return moved?.filename === filenameOf(to);
}

/** Moves the older files of the name as well, and removes what was at the new name. */
export async function finishFile(
  context: GridFsContext,
  { from, to, what, replaces, isLate = false }: FileRename & { readonly isLate?: boolean },
  session?: ClientSession,
): Promise<void> {
  const { bucket } = context;
  const [before, filename] = [filenameOf(from), filenameOf(to)];
  await bucket.files.write(
    what.files.slice(0, -1).map((_id) => ({
      updateOne: { filter: { _id, filename: before }, update: { $set: { filename } } },
    })),
    session,
  );
  if (isLate) await retireReplaced(context, { what, replaces });
  else await retire(bucket, replaces, { filename, replacedBy: null }, session);
  const { link } = what;
  if (link !== undefined) await bucket.nodes.remove({ _id: to, target: link.target! }, session);
}

/** Removes what was replaced if the file still hides it, whatever their name is now. */
export async function retireReplaced(
  { bucket }: GridFsContext,
  { what, replaces }: Pick<FileRename, "what" | "replaces">,
): Promise<void> {
  const moved = await successorOf(bucket, what.files.at(-1)!);
  if (moved === undefined) return;
  const { filename } = moved;
  await retire(bucket, replaces, { filename, replacedBy: null, isLate: true });
}
