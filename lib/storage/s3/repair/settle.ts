/**
 * The journal of a directory's rename: which objects move, by their keys and ETags, and how far it
 * is. Before all of them have been copied, it can only be undone; after that, only the old ones that
 * no session has changed are removed. Nothing is ever copied again, so that later work is not
 * replaced.
 *
 * @module
 */

import type { ObjectInfo, S3Client } from "../client/s3_client.ts";
import { workPrefix } from "../tree/keys.ts";
import { StorageError } from "../../errors.ts";

/** What moves. */
export interface Rename {
  /** The marker of the directory. */
  readonly from: string;
  /** The marker that it gets. */
  readonly to: string;
  /** Whether all has been copied. */
  readonly isCopied: boolean;
  readonly objects: readonly (readonly [key: string, etag: string])[];
}

/** The key of the journal of a rename. */
export function journalKey(prefix: string, id: string): string {
  return `${workPrefix(prefix)}renames/${id}`;
}

/** Writes a journal. */
export async function writeJournal(client: S3Client, key: string, rename: Rename): Promise<void> {
  await client.put(key, new TextEncoder().encode(JSON.stringify(rename)));
}

/** Reads a journal; undefined if there is none, because nothing has been done yet. */
export async function readJournal(client: S3Client, key: string): Promise<Rename | undefined> {
  const info = await client.head(key);
  if (info === undefined) return undefined;
  const bytes = await client.get(key, { start: 0, end: info.size, ifMatch: info.etag });
  const rename: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (isRename(rename)) return rename;
  throw new StorageError("failure", "the journal of a rename is not readable");
}

/** Finishes a rename of a session that has died, or undoes it. */
export async function settle(client: S3Client, rename: Rename): Promise<void> {
  if (rename.isCopied) await removeOld(client, rename);
  else await undo(client, rename);
}

/** Removes what was moved, as far as it is unchanged and its copy is there. */
export async function removeOld(client: S3Client, rename: Rename): Promise<void> {
  const { from, to, objects } = rename;
  const etags = new Map(objects);
  for await (const [old, copies] of pairs(client, rename)) {
    const keys = old
      .filter(({ key, etag }) => etags.get(key) === etag && copies.has(to + key.slice(from.length)))
      .map(({ key }) => key);
    const [failed] = await client.removeMany(keys);
    if (failed !== undefined) throw failed.error;
  }
}

/** Removes copies whose original is still there, unchanged: so nothing is lost. */
async function undo(client: S3Client, rename: Rename): Promise<void> {
  const { from, to, objects } = rename;
  const etags = new Map(objects);
  for await (const [old, copies] of pairs(client, rename)) {
    const keys = old.flatMap(({ key, etag, size }) => {
      const copy = copies.get(to + key.slice(from.length));
      return copy !== undefined && etags.get(key) === etag && isSame(copy, { etag, size })
        ? [copy.key]
        : [];
    });
    const [failed] = await client.removeMany(keys);
    if (failed !== undefined) throw failed.error;
  }
}

/** A copy of an object that was sent in parts has another ETag. */
function isSame(copy: ObjectInfo, { etag, size }: Pick<ObjectInfo, "etag" | "size">): boolean {
  return copy.size === size && (copy.etag === etag || etag.includes("-"));
}

/** The old objects, page by page, with the objects that have the keys of their copies. */
async function* pairs(
  client: S3Client,
  { from, to }: Rename,
): AsyncGenerator<[readonly ObjectInfo[], ReadonlyMap<string, ObjectInfo>]> {
  let after: string | undefined;
  for (;;) {
    const old = (await client.list(from, { after })).entries;
    const last = old.at(-1);
    if (last === undefined) return;
    const copies = new Map<string, ObjectInfo>();
    const end = to + last.key.slice(from.length);
    // A page of the other directory may end earlier, where it has keys of its own.
    let copied = after === undefined ? undefined : to + after.slice(from.length);
    for (;;) {
      const { entries, next } = await client.list(to, { after: copied });
      for (const info of entries) copies.set(info.key, info);
      copied = entries.at(-1)?.key;
      if (next === undefined || copied === undefined || copies.has(end)) break;
    }
    yield [old, copies];
    after = last.key;
  }
}

function isRename(value: unknown): value is Rename {
  const { from, to, isCopied, objects }: Partial<Record<keyof Rename, unknown>> = {
    ...value as object,
  };
  return typeof from === "string" && typeof to === "string" && from.endsWith("/") &&
    to.endsWith("/") && typeof isCopied === "boolean" && Array.isArray(objects) &&
    objects.every((one) => Array.isArray(one) && one.every((part) => typeof part === "string"));
}
