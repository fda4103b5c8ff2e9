import type { FileAttrs } from "../../attrs.ts";
import { errorOf } from "../errno.ts";
import { parentOf } from "../path.ts";
import type { VirtualPath } from "../storage.ts";
import { TO_WRITE } from "../to_write.ts";
import type { Bucket } from "./database/bucket.ts";
import type { FileDoc, Metadata } from "./database/documents.ts";
import { type FileHost, GridFsFile } from "./gridfs_file.ts";
import {
  type Entry,
  keepDirectory,
  metadataOfAttrs,
  metadataUpdate,
  newNode,
} from "./tree/nodes.ts";

/** Changes what is present in `attrs` of the entry that was found at a path. */
export async function setAttrsOf(
  host: FileHost,
  { path, entry }: { readonly path: VirtualPath; readonly entry: Entry },
  attrs: FileAttrs,
): Promise<void> {
  const { size } = attrs;
  const changes = metadataOfAttrs(attrs);
  const hasChanges = Object.keys(changes).length > 0;
  if (entry.kind === "file") {
    if (size !== undefined) await resize(host, { path, doc: entry.doc, size });
    if (!hasChanges) return;
    // After a change of size there may be a new document.
    const doc = await host.tree.newest(path) ?? entry.doc;
    await host.bucket.files.update({ _id: doc._id }, metadataUpdate(doc, changes));
    return;
  }
  if (hasChanges) await setNodeAttrs(host.bucket, path, changes);
  if (size !== undefined) throw errorOf("EISDIR");
}

/** Sets a node's attributes; a directory that is only implied gets a node. */
async function setNodeAttrs(bucket: Bucket, path: VirtualPath, changes: Metadata): Promise<void> {
  await keepDirectory(bucket, parentOf(path));
  const { _id, parent } = newNode(path, {});
  await bucket.nodes.update(
    { _id },
    { $set: changes, $setOnInsert: { parent } },
    { upsert: true },
  );
}

async function resize(
  host: FileHost,
  { path, doc, size }: {
    readonly path: VirtualPath;
    readonly doc: FileDoc;
    readonly size: number;
  },
): Promise<void> {
  const file = new GridFsFile(host, TO_WRITE, { path, doc, metadata: {} });
  try {
    await file.setAttrs({ size });
  } catch (error) {
    await file.close(true);
    throw error;
  }
  await file.close(false);
}
