import type { ClientSession } from "mongodb";
import { errorOf } from "../errno.ts";
import { parentOf } from "../path.ts";
import type { VirtualPath } from "../storage.ts";
import { type RenameDoc, timeOf } from "./documents.ts";
import { filenameOf, namesOf, pathOf, prefixOf, rangeOf, refuseUnusable } from "./names.ts";
import { type Entry, keepDirectory, newNode } from "./nodes.ts";
import type { Place } from "./publish.ts";
import { retire } from "./retire.ts";
import { isNamed, type Place as TreePlace } from "./tree.ts";
import { within } from "./table.ts";

/** Names that change with one request. */
const BATCH = 500;
/** More names than this take longer than a transaction may. */
const MOST_IN_TRANSACTION = 5000;

/**
 * rename(2), or renameat2(2) with `RENAME_NOREPLACE` where `replace` is not
 * set: what may take whose place, in the order in which Linux asks.
 */
export async function rename(
  place: Place,
  from: TreePlace,
  to: TreePlace,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  if (!isNamed(from)) throw errorOf("EBUSY");
  if (!isNamed(to)) throw errorOf(replace ? "EBUSY" : "EEXIST");
  await place.journal.claiming([from.path, to.path], async () => {
    // Both may have changed before the names were claimed.
    const [source, target] = await Promise.all(
      [from, to].map(({ path }) => place.tree.entry(path)),
    );
    if (source === undefined) throw errorOf("ENOENT");
    if (target !== undefined && !replace) throw errorOf("EEXIST");
    if (source.kind === "directory") {
      if (to.path.startsWith(from.path + "/")) throw errorOf("EINVAL");
    } else if (from.slash || to.slash) {
      throw errorOf("ENOTDIR");
    }
    if (from.path === to.path) return;
    if (target !== undefined) await refuseToReplace(place, { source, target, from, to });
    refuseUnusable(to.path);
    await move(place, source, { from: from.path, to: to.path, target });
  });
}

async function refuseToReplace(
  { tree }: Place,
  { source, target, from, to }: {
    readonly source: Entry;
    readonly target: Entry;
    readonly from: TreePlace;
    readonly to: TreePlace;
  },
): Promise<void> {
  if (target.kind === "directory") {
    if (from.path.startsWith(to.path + "/")) throw errorOf("ENOTEMPTY");
    if (source.kind !== "directory") throw errorOf("EISDIR");
    if (!await tree.isEmpty(to.path)) throw errorOf("ENOTEMPTY");
  } else if (source.kind === "directory") {
    throw errorOf("ENOTDIR");
  }
}

async function move(
  place: Place,
  source: Entry,
  { from, to, target }: {
    readonly from: VirtualPath;
    readonly to: VirtualPath;
    readonly target: Entry | undefined;
  },
): Promise<void> {
  const { bucket, journal } = place;
  await keepDirectory(bucket, parentOf(from));
  await keepDirectory(bucket, parentOf(to));
  const replaces = target?.kind === "file"
    ? (await revisionsAt(place, to)).map(({ _id }) => _id)
    : [];
  if (source.kind === "file" && target === undefined) {
    // One step: a name is one field of one document.
    await renameFiles(place, from, to);
    return;
  }
  const rename = (id: string, session?: ClientSession) =>
    finishRename(place, { _id: id, from, to, replaces }, session);
  const isOne = bucket.transactions && await isWithin(place, from, MOST_IN_TRANSACTION);
  if (isOne) await bucket.atomically((session) => rename("", session));
  else await renameByJournal(place, rename, await journal.beginRename(from, to, replaces));
}

async function renameByJournal(
  { journal }: Place,
  rename: (id: string) => Promise<void>,
  id: string,
): Promise<void> {
  try {
    await rename(id);
  } catch (error) {
    journal.abandon(id);
    throw error;
  }
}

/** The steps of a rename; each may be done twice. */
export async function finishRename(
  place: Place,
  { _id, from, to, replaces }: Pick<RenameDoc, "_id" | "from" | "to" | "replaces">,
  session?: ClientSession,
): Promise<void> {
  const { bucket, journal } = place;
  await renameFiles(place, from, to, session);
  await renameNodes(place, from, to, session);
  await renameBelow(place, from, to, session);
  await retire(bucket, replaces, null, session);
  if (_id !== "") await journal.end([_id], session);
}

/** All files of one name: the one that is seen last, older ones behind it first. */
export async function revisionsAt({ bucket }: Pick<Place, "bucket">, path: VirtualPath) {
  const found = await bucket.files.all(
    { filename: namesOf([path]) },
    { projection: { uploadDate: 1 }, sort: { uploadDate: 1 } },
  );
  return found.sort((one, other) => timeOf(one.uploadDate) - timeOf(other.uploadDate));
}

async function renameFiles(
  place: Place,
  from: VirtualPath,
  to: VirtualPath,
  session?: ClientSession,
): Promise<void> {
  const { bucket } = place;
  const [files, replaced] = await Promise.all([revisionsAt(place, from), revisionsAt(place, to)]);
  const [last, inTheWay] = [files.at(-1), replaced.at(-1)];
  // The newest of a name is the one that counts, so the change is made by one step.
  const isOlder = last !== undefined && inTheWay !== undefined &&
    timeOf(last.uploadDate) <= timeOf(inTheWay.uploadDate);
  const uploadDate = new Date(Math.max(0, timeOf(inTheWay?.uploadDate)) + 1);
  await bucket.files.write(
    files.map(({ _id }) => ({
      updateOne: {
        filter: { _id },
        update: {
          $set: {
            filename: filenameOf(to),
            ...(isOlder && _id === last._id ? { uploadDate } : {}),
          },
        },
      },
    })),
    session,
  );
}

/** The nodes at `from` and below it, each to its new path, which is its key. */
async function renameNodes(
  { bucket }: Place,
  from: VirtualPath,
  to: VirtualPath,
  session?: ClientSession,
): Promise<void> {
  const own = await bucket.nodes.first({ _id: from }, within(session));
  const old = await bucket.nodes.first({ _id: to }, within(session));
  if (own === undefined && old?.target !== undefined) await bucket.nodes.removeAll([to], session);
  const below = { _id: { $gte: `${from}/`, $lt: `${from}0` } };
  for (;;) {
    const found = await bucket.nodes.all(below, { ...within(session), limit: BATCH });
    const nodes = own === undefined ? found : [own, ...found];
    await bucket.nodes.write(
      nodes.map((node) => {
        const { _id, target, parent: _parent, ...metadata } = node;
        const replacement = newNode(to + _id.slice(from.length), metadata, target);
        return {
          replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true },
        };
      }),
      session,
    );
    await bucket.nodes.removeAll(nodes.map(({ _id }) => _id), session);
    if (found.length < BATCH) return;
  }
}

async function renameBelow(
  { bucket }: Place,
  from: VirtualPath,
  to: VirtualPath,
  session?: ClientSession,
): Promise<void> {
  const below = { filename: rangeOf(prefixOf(from)) };
  for (;;) {
    const found = await bucket.files.all(below, {
      ...within(session),
      projection: { filename: 1 },
      limit: BATCH,
    });
    await bucket.files.write(
      found.map(({ _id, filename }) => ({
        updateOne: {
          filter: { _id },
          update: { $set: { filename: filenameOf(to + pathOf(filename).slice(from.length)) } },
        },
      })),
      session,
    );
    if (found.length < BATCH) return;
  }
}

/** Whether no more names than `limit` change. */
async function isWithin(
  { bucket }: Place,
  from: VirtualPath,
  limit: number,
): Promise<boolean> {
  const options = { projection: { _id: 1 }, limit } as const;
  const [files, nodes] = await Promise.all([
    bucket.files.all({ filename: rangeOf(prefixOf(from)) }, options),
    bucket.nodes.all({ _id: { $gte: `${from}/`, $lt: `${from}0` } }, options),
  ]);
  return files.length + nodes.length < limit;
}

/** Whether a path is that of an entry below a directory, or the directory's own. */
export function movedPath(
  path: VirtualPath,
  from: VirtualPath,
  to: VirtualPath,
): VirtualPath | undefined {
  if (path === from) return to;
  return path.startsWith(from + "/") ? to + path.slice(from.length) : undefined;
}
