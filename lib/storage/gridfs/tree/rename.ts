import type { ClientSession } from "mongodb";
import { StorageError } from "../../errors.ts";
import { parentOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import { withNamesLocked } from "./name_locks.ts";
import type { FileId, RenameDoc } from "../database/documents.ts";
import { isAnswer } from "../database/gridfs_errors.ts";
import { finishNowOrLater, ignoreFailure } from "../database/journal.ts";
import { filenameOf, prefixOf } from "../../remote/names.ts";
import { requireNames, requireRenamable } from "../../remote/rename_rules.ts";
import { rangeOf, refuseUnusable } from "./names.ts";
import { type Entry, keepDirectory } from "./nodes.ts";
import type { GridFsContext } from "../database/context.ts";
import { moveDirectory } from "./rename_directory.ts";
import { finishFile, moveNewest, type Revision, revisionsAt } from "./rename_file.ts";
import { moveLink } from "./rename_link.ts";
import { conclude, finish } from "../repair/settle.ts";
import type { Place } from "./tree.ts";

/** More names than this take longer than a transaction may. */
const MAX_NAMES_IN_TRANSACTION = 5000;

/**
 * rename(2), or renameat2(2) with `RENAME_NOREPLACE` if `replace` is not set: what may replace
 * what, checked in Linux's order.
 */
export async function rename(
  context: GridFsContext,
  from: Place,
  to: Place,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const asked = { from, to, replace };
  requireNames(asked);
  await withNamesLocked(context, [from.path, to.path], async () => {
    // Both may have changed before the names were claimed.
    const [found, target] = await Promise.all(
      [from, to].map(({ path }) => context.tree.entry(path)),
    );
    const isEmpty = (path: VirtualPath) => context.tree.isEmpty(path);
    const source = await requireRenamable(asked, { source: found, target }, isEmpty);
    if (source === undefined) return;
    refuseUnusable(to.path);
    await move(context, source, { from: from.path, to: to.path, target });
  });
}

async function move(
  context: GridFsContext,
  source: Entry,
  { from, to, target }: {
    readonly from: VirtualPath;
    readonly to: VirtualPath;
    readonly target: Entry | undefined;
  },
): Promise<void> {
  const { bucket } = context;
  await keepDirectory(bucket, parentOf(from));
  await keepDirectory(bucket, parentOf(to));
  const [moved, replaced] = await Promise.all([
    source.kind === "file" ? revisionsAt(context, from) : [],
    target?.kind === "file" ? revisionsAt(context, to) : [],
  ]);
  const work: Work = { from, to, moved, replaced, what: whatMoves(source, target, moved) };
  const isOneStep = source.kind === "file" && target === undefined && moved.length === 1;
  if (isOneStep) {
    // A name is one field of one document.
    await moveAtOnce(context, work);
  } else if (bucket.transactions && await isWithin(context, from, MAX_NAMES_IN_TRANSACTION)) {
    await bucket.atomically((session) => moveByTransaction(context, work, session));
  } else {
    await moveByJournal(context, work);
  }
}

/** A rename that is allowed. */
interface Work {
  readonly from: VirtualPath;
  readonly to: VirtualPath;
  readonly moved: readonly Revision[];
  readonly replaced: readonly Revision[];
  readonly what: RenameDoc["what"];
}

function whatMoves(
  source: Entry,
  target: Entry | undefined,
  moved: readonly Revision[],
): RenameDoc["what"] {
  const node = target === undefined || target.kind === "file" ? undefined : target.node;
  const replaced = node === undefined ? {} : { replaced: node };
  switch (source.kind) {
    case "link":
      return { kind: "link", node: source.node, ...replaced };
    case "directory":
      return { kind: "directory", ...replaced };
    case "file":
      return { kind: "file", files: idsOf(moved), ...(node === undefined ? {} : { link: node }) };
  }
}

async function moveAtOnce(context: GridFsContext, work: Work): Promise<void> {
  try {
    await commit(context, work);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    const doc = await context.bucket.files.first({ _id: work.moved[0]!._id });
    if (doc?.filename !== filenameOf(work.to)) throw error;
  }
}

async function moveByTransaction(
  context: GridFsContext,
  work: Work,
  session: ClientSession | undefined,
): Promise<void> {
  const { from, to, what } = work;
  const replaces = idsOf(work.replaced);
  await commit(context, work, { session });
  if (what.kind === "file") await finishFile(context, { from, to, what, replaces }, session);
}

/** In steps: if everything is known to be done, the rename succeeds; otherwise it is undone. */
async function moveByJournal(context: GridFsContext, work: Work): Promise<void> {
  const { journal } = context;
  const { from, to, what } = work;
  const entry = await journal.beginRename({ from, to, what, replaces: idsOf(work.replaced) });
  try {
    await commit(context, work, { entry: entry._id });
  } catch (error) {
    if (await isDoneAnyway(context, entry, error)) return;
    throw error;
  }
  await finishNowOrLater(journal, entry, async () => {
    await finish(context, entry);
    await journal.end(entry._id);
  });
}

/**
 * Whether a rename that failed was done nevertheless; if not, it is undone where that is possible.
 */
async function isDoneAnyway(
  context: GridFsContext,
  entry: RenameDoc,
  error: unknown,
): Promise<boolean> {
  // While the database is away there is no use in asking it.
  if (!(error instanceof StorageError) && !isAnswer(error)) {
    context.journal.abandon(entry);
    return false;
  }
  try {
    return await conclude(context, entry);
  } catch (second) {
    ignoreFailure(second);
    return false;
  }
}

/** All steps up to the one after which everything is seen at its new name. */
async function commit(
  context: GridFsContext,
  { from, to, moved, replaced, what }: Work,
  { entry = "", session }: {
    readonly entry?: string;
    readonly session?: ClientSession | undefined;
  } = {},
): Promise<void> {
  switch (what.kind) {
    case "file": {
      const step = { from, to, moved: moved.at(-1)!, replaced: replaced.at(-1) };
      return await moveNewest(context, step, session);
    }
    case "link":
      return await moveLink(context, { from, to, what, replaces: idsOf(replaced) }, session);
    case "directory":
      return await moveDirectory(context, { _id: entry, from, to, what }, session);
  }
}

function idsOf(revisions: readonly Revision[]): FileId[] {
  return revisions.map(({ _id }) => _id);
}

/** Whether at most `limit` names change. */
async function isWithin(
  { bucket }: GridFsContext,
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
