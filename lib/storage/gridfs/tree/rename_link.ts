import type { ClientSession } from "mongodb";
import type { VirtualPath } from "../../storage.ts";
import type { Bucket } from "../database/bucket.ts";
import type { MovedLink, NodeDoc, RenameDoc } from "../database/documents.ts";
import { filenameOf } from "../../remote/names.ts";
import { newNode } from "./nodes.ts";
import type { GridFsContext } from "../database/context.ts";
import { retire } from "../versions/retire.ts";

/** A rename of a link, as it will be done. */
export type LinkRename = Pick<RenameDoc, "from" | "to" | "replaces"> & { readonly what: MovedLink };

/**
 * Moves the link to where the file that it replaces still hides it; it is seen when that file has
 * been removed, which is the decisive step.
 */
export async function moveLink(
  { bucket }: GridFsContext,
  { from, to, what, replaces }: LinkRename,
  session?: ClientSession,
): Promise<void> {
  await put(bucket, to, what.node, session);
  await bucket.nodes.removeAll([from], session);
  await retire(bucket, replaces, { filename: filenameOf(to), replacedBy: null }, session);
}

/** Whether the link is seen at its new name, and not at its old one. */
export async function isLinkMoved(
  { bucket }: GridFsContext,
  { from, to, what, replaces }: LinkRename,
): Promise<boolean> {
  const [old, moved, file] = await Promise.all([
    bucket.nodes.first({ _id: from }),
    bucket.nodes.first({ _id: to }),
    bucket.files.first({ _id: { $in: replaces }, filename: filenameOf(to) }),
  ]);
  return old === undefined && file === undefined && isSame(moved, what.node);
}

/** Undoes all of it. */
export async function undoLink(
  { bucket }: GridFsContext,
  { from, to, what }: LinkRename,
): Promise<void> {
  if (!isSame(await bucket.nodes.first({ _id: to }), what.node)) return;
  await put(bucket, from, what.node);
  if (what.replaced === undefined) await bucket.nodes.removeAll([to]);
  else await put(bucket, to, what.replaced);
}

async function put(bucket: Bucket, path: VirtualPath, node: NodeDoc, session?: ClientSession) {
  const replacement = nodeAt(path, node);
  await bucket.nodes.write(
    [{ replaceOne: { filter: { _id: path }, replacement, upsert: true } }],
    session,
  );
}

/** A node with another path. */
export function nodeAt(path: VirtualPath, node: NodeDoc): NodeDoc {
  const { _id, target, parent: _parent, ...metadata } = node;
  return newNode(path, metadata, target);
}

function isSame(found: NodeDoc | undefined, { target, mtime }: NodeDoc): boolean {
  return found?.target === target && found?.mtime?.getTime() === mtime?.getTime();
}
