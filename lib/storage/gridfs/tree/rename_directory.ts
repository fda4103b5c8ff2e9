import type { ClientSession } from "mongodb";
import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import {
  type FileDoc,
  idText,
  type MovedDirectory,
  type MovesDoc,
  type NodeDoc,
  type RenameDoc,
} from "../database/documents.ts";
import { filenameOf, pathOf, prefixOf } from "../../remote/names.ts";
import { rangeOf } from "./names.ts";
import type { GridFsContext } from "../database/context.ts";
import { nodeAt } from "./rename_link.ts";
import { inSession } from "../database/table.ts";

/** Names that change with one request. */
const BATCH_NAMES = 500;

/** A rename of a directory, as it will be done. */
export type DirectoryRename = Pick<RenameDoc, "_id" | "from" | "to"> & {
  readonly what: MovedDirectory;
};

type Batch = Pick<MovesDoc, "files" | "nodes">;

/**
 * Gives everything in a directory its new name. If this is not one transaction, the content of each
 * batch is written down before the batch moves.
 */
export async function moveDirectory(
  context: GridFsContext,
  rename: DirectoryRename,
  session?: ClientSession,
): Promise<void> {
  const { bucket, journal } = context;
  const { _id: id } = rename;
  let last: Batch | undefined;
  try {
    let count = 0;
    for await (const batch of batchesOf(context, rename.from, session)) {
      if (session === undefined) {
        if (count > 0) await journal.note(id, {});
        const _id = `moves ${id} ${count++}`;
        await bucket.journal.insert({ _id, kind: "moves", rename: id, ...batch });
      }
      last = batch;
      await moveBatch(context, rename, batch, session);
    }
    if (session === undefined) await journal.note(id, { "what.isDone": true });
  } catch (error) {
    // Another session has taken the rename over, and may have passed this batch already.
    if (session === undefined && error instanceof StorageError && last !== undefined) {
      await undoBatch(context, rename, last);
    }
    throw error;
  }
}

/** Removes what was written down. */
export async function finishDirectory(
  { bucket }: GridFsContext,
  { _id }: Pick<DirectoryRename, "_id">,
): Promise<void> {
  await bucket.journal.remove({ rename: _id });
}

/** Gives everything that still has the new name its old name back. */
export async function undoDirectory(
  context: GridFsContext,
  rename: DirectoryRename,
): Promise<void> {
  for await (const batch of movesOf(context, rename._id)) await undoBatch(context, rename, batch);
}

/** What was written down; each batch stays until it is dealt with. */
async function* movesOf({ bucket }: GridFsContext, rename: string): AsyncGenerator<MovesDoc> {
  for (;;) {
    const entry = await bucket.journal.first({ rename });
    if (entry?.kind !== "moves") return;
    yield entry;
    await bucket.journal.removeAll([entry._id]);
  }
}

async function* batchesOf(
  { bucket }: GridFsContext,
  from: VirtualPath,
  session?: ClientSession,
): AsyncGenerator<Batch> {
  const options = { ...inSession(session), limit: BATCH_NAMES };
  const own = await bucket.nodes.first({ _id: from }, inSession(session));
  let nodes: NodeDoc[] = own === undefined ? [] : [own];
  let after = `${from}/`;
  for (;;) {
    const below = { _id: { $gt: after, $lt: `${from}0` } };
    const found = await bucket.nodes.all(below, { ...options, sort: { _id: 1 } });
    const files: Pick<FileDoc, "_id" | "filename">[] = await bucket.files.all(
      { filename: rangeOf(prefixOf(from)) },
      { ...options, projection: { filename: 1 } },
    );
    nodes.push(...found);
    if (nodes.length + files.length > 0) yield { nodes, files };
    // What has moved is not found again.
    if (found.length < BATCH_NAMES && files.length < BATCH_NAMES) return;
    after = found.at(-1)?._id ?? after;
    nodes = [];
  }
}

async function moveBatch(
  { bucket }: GridFsContext,
  { from, to }: DirectoryRename,
  { nodes, files }: Batch,
  session?: ClientSession,
): Promise<void> {
  const moved = nodes.map((node) => nodeAt(to + node._id.slice(from.length), node));
  await bucket.nodes.write(moved.map(put), session);
  const updates = (isRepeated: boolean) =>
    files.map(({ _id, filename }) => ({
      updateOne: {
        filter: isRepeated ? { _id, filename } : { _id },
        update: { $set: { filename: renamed(filename, from, to) } },
      },
    }));
  await bucket.files.write(updates(false), session, updates(true));
  await bucket.nodes.removeAll(nodes.map(({ _id }) => _id), session);
}

async function undoBatch(
  { bucket }: GridFsContext,
  { from, to, what }: DirectoryRename,
  { nodes, files }: Batch,
): Promise<void> {
  await bucket.nodes.write(nodes.map(put));
  const options = { projection: { filename: 1 } };
  const [taken, found] = await Promise.all([
    bucket.files.all({ filename: { $in: files.map(({ filename }) => filename) } }, options),
    bucket.files.all({ _id: { $in: files.map(({ _id }) => _id) } }, options),
  ]);
  const isTaken = new Set(taken.map(({ filename }) => filename));
  const nameOf = new Map(found.map(({ _id, filename }) => [idText(_id), filename]));
  await bucket.files.write(
    files
      .filter(({ _id, filename }) =>
        !isTaken.has(filename) && nameOf.get(idText(_id)) === renamed(filename, from, to)
      )
      .map(({ _id, filename }) => ({
        updateOne: { filter: { _id }, update: { $set: { filename } } },
      })),
  );
  const { replaced } = what;
  const moved = nodes.map(({ _id }) => to + _id.slice(from.length));
  await bucket.nodes.removeAll(moved.filter((path) => path !== replaced?._id));
  if (replaced !== undefined && moved.includes(replaced._id)) {
    await bucket.nodes.write([put(replaced)]);
  }
}

/** The change that makes a node what it is given as. */
function put(replacement: NodeDoc) {
  return { replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true } };
}

/** The new name of a file below a directory. */
function renamed(filename: string, from: VirtualPath, to: VirtualPath): string {
  return filenameOf(to + pathOf(filename).slice(from.length));
}
