import { FileType } from "../../../attrs.ts";
import { errorOf } from "../../errno.ts";
import type { VirtualPath } from "../../storage.ts";
import type { Metadata, ObjectInfo, Written } from "../client/s3_client.ts";
import type { S3Context } from "../context.ts";
import { copyObject } from "../objects/copy.ts";
import { journalKey, removeOld, type Rename, settle, writeJournal } from "../repair/settle.ts";
import { entryOf, metadataOfCopy } from "./attributes.ts";
import { keepParent, putMarker } from "./directories.ts";
import { markerOf } from "./keys.ts";
import type { Tree } from "./tree.ts";

/** Objects that are copied at the same time. */
const MAX_IN_FLIGHT = 16;

/** An object that was copied to its new key. */
interface Moved {
  readonly key: string;
  readonly to: string;
  readonly written: Written;
}

/**
 * Gives all objects of a directory new keys: all are copied, and only then the old ones are removed.
 * What fails before that is undone; what a dying session leaves is finished or undone by the next,
 * which reads the journal.
 */
export async function moveDirectory(
  context: S3Context,
  tree: Tree,
  from: VirtualPath,
  to: VirtualPath,
): Promise<void> {
  const { client, prefix, leases } = context;
  const markers = { from: markerOf(prefix, from), to: markerOf(prefix, to) };
  await keepParent(context, tree, from);
  const objects = await objectsIn(context, markers.from);
  // Without a marker it would be gone if all objects in it are removed meanwhile.
  if (objects.length === 0) return await putMarker(context, to, {});
  const id = crypto.randomUUID();
  const key = journalKey(prefix, id);
  const rename: Rename = { ...markers, isCopied: false, objects };
  await leases.hold(id, { kind: "rename" });
  let moved: readonly Moved[];
  try {
    await writeJournal(client, key, rename);
    moved = await copyAll(context, rename);
    await writeJournal(client, key, { ...rename, isCopied: true });
  } catch (error) {
    await giveUp(context, { id, key, rename });
    throw error;
  }
  try {
    await removeOld(client, rename);
    await client.remove(key);
  } catch {
    // It is done: the old objects that are left will be removed by the next sweep.
    leases.abandon(id);
    return;
  }
  await leases.release(id);
  for (const { key, to, written } of moved) context.moved(key, to, written);
}

/** Undoes what was copied; if that fails, the next sweep does it. */
async function giveUp(
  { client, leases }: S3Context,
  { id, key, rename }: { readonly id: string; readonly key: string; readonly rename: Rename },
): Promise<void> {
  try {
    // If the last write of the journal was carried out in spite of its failure, this one counts.
    await writeJournal(client, key, rename);
    await settle(client, rename);
    await client.remove(key);
    await leases.release(id);
  } catch {
    leases.abandon(id);
  }
}

async function objectsIn({ client, ending: signal }: S3Context, prefix: string) {
  const objects: (readonly [key: string, etag: string])[] = [];
  let token: string | undefined;
  do {
    const { entries, next } = await client.list(prefix, { token, signal });
    for (const { key, etag } of entries) objects.push([key, etag]);
    token = next;
  } while (token !== undefined);
  return objects;
}

async function copyAll(context: S3Context, { from, to, objects }: Rename): Promise<Moved[]> {
  const { client, ending: signal } = context;
  const moved: Moved[] = [];
  let at = 0;
  const work = async () => {
    while (at < objects.length) {
      const [key, etag] = objects[at++]!;
      try {
        const info = await client.head(key, { signal });
        // What was removed or written meanwhile belongs to another session.
        if (info?.etag !== etag) throw errorOf("EBUSY");
        const target = to + key.slice(from.length);
        const written = await copyObject(context, info, target, metadataOf(info));
        moved.push({ key, to: target, written });
      } catch (error) {
        at = objects.length; // The others need not continue.
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: MAX_IN_FLIGHT }, work));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return moved;
}

function metadataOf(info: ObjectInfo): Metadata {
  if (info.key.endsWith("/")) return metadataOfCopy(info, FileType.DIRECTORY);
  const isLink = entryOf(info).kind === "link";
  return metadataOfCopy(info, isLink ? FileType.SYMLINK : FileType.REGULAR);
}
