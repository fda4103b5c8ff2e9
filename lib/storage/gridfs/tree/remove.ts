import { errorOf } from "../../errno.ts";
import { parentOf } from "../../path.ts";
import { withNamesLocked } from "./name_locks.ts";
import { isAnswer } from "../database/gridfs_errors.ts";
import { filenameOf } from "../../remote/names.ts";
import { type Entry, keepDirectory } from "./nodes.ts";
import type { GridFsContext } from "../database/context.ts";
import { revisionsAt } from "./rename_file.ts";
import { retire } from "../versions/retire.ts";
import { isNamed } from "../../walk.ts";
import type { Place } from "./tree.ts";

/** Removes an empty directory. */
export async function removeDirectory(context: GridFsContext, found: Place): Promise<void> {
  const { bucket, tree } = context;
  const { path, name } = found;
  if (name === ".") throw errorOf("EINVAL");
  if (name === "..") throw errorOf("ENOTEMPTY");
  if (path === "/") throw errorOf("EBUSY");
  requireDirectory(found.entry);
  await withNamesLocked(context, [path], async () => {
    // It may have been removed before the name was claimed.
    requireDirectory(await tree.entry(path));
    if (!await tree.isEmpty(path)) throw errorOf("ENOTEMPTY");
    await bucket.nodes.removeAll([path]);
  });
}

/** Removes a link, or a file with all versions of its name. */
export async function removeEntry(context: GridFsContext, found: Place): Promise<void> {
  const { bucket, tree } = context;
  const { path } = found;
  refuseToRemove(found, found.entry);
  await withNamesLocked(context, [path], async () => {
    // It may have changed before the name was claimed.
    const entry = await tree.entry(path);
    refuseToRemove(found, entry);
    // Otherwise the directory would disappear with the last of its files.
    await keepDirectory(bucket, parentOf(path));
    if (entry?.kind === "link") {
      await bucket.nodes.removeAll([path]);
      return;
    }
    const revisions = (await revisionsAt(context, path)).map(({ _id }) => _id);
    const removal = { filename: filenameOf(path), replacedBy: null };
    try {
      await bucket.atomically((session) => retire(bucket, revisions, removal, session));
    } catch (error) {
      if (!isAnswer(error) || (await revisionsAt(context, path)).length > 0) throw error;
    }
  });
}

function requireDirectory(entry: Entry | undefined): void {
  if (entry === undefined) throw errorOf("ENOENT");
  if (entry.kind !== "directory") throw errorOf("ENOTDIR");
}

function refuseToRemove(found: Place, entry: Entry | undefined): void {
  if (!isNamed(found)) throw errorOf("EISDIR");
  if (entry === undefined) throw errorOf("ENOENT");
  if (entry.kind === "directory") throw errorOf("EISDIR");
  if (found.slash) throw errorOf("ENOTDIR");
}
