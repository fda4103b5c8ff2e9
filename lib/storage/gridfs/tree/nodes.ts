import type { ClientSession } from "mongodb";
import { type FileAttrs, FileType, PERMISSION_BITS } from "../../../attrs.ts";
import { StorageError } from "../../errors.ts";
import { parentOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import type { Bucket } from "../database/bucket.ts";
import type { FileDoc, Metadata, NodeDoc } from "../database/documents.ts";
import { sizeOf } from "../database/layout.ts";
import { inSession } from "../database/table.ts";

/** What a path leads to. */
export type Entry =
  | { readonly kind: "file"; readonly doc: FileDoc }
  | { readonly kind: "link"; readonly node: NodeDoc }
  /** Without a node it exists because files are below it. */
  | { readonly kind: "directory"; readonly node: NodeDoc | undefined };

/** Owner and group of entries whose document names none. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Owners and times are numbers of 32 bits on the wire. */
const MOST_32_BITS = 0xffff_ffff;
const MODE_OF_FOREIGN_FILES = 0o644;
const MODE_OF_IMPLIED_DIRECTORIES = 0o755;

/** The attributes of an entry. */
export function attrsOf(entry: Entry, owner: Owner): FileAttrs {
  if (entry.kind === "file") return attrsOfFile(entry.doc, owner);
  const { node } = entry;
  if (entry.kind === "link") {
    const { target } = entry.node;
    const size = typeof target === "string" ? new TextEncoder().encode(target).length : 0;
    return { size, ...attrsOfMetadata(metadataIn(entry.node), FileType.SYMLINK, 0o777, owner) };
  }
  return {
    size: 0,
    ...attrsOfMetadata(
      metadataIn(node),
      FileType.DIRECTORY,
      MODE_OF_IMPLIED_DIRECTORIES,
      owner,
    ),
  };
}

/** The attributes of a file. */
export function attrsOfFile(doc: FileDoc, owner: Owner): FileAttrs {
  const { uploadDate } = doc;
  const times = metadataIn({ mtime: uploadDate, atime: uploadDate });
  const metadata = { ...times, ...metadataOf(doc) };
  return {
    // A file without a length cannot be opened; but it exists.
    size: sizeOf(doc.length) ?? 0,
    ...attrsOfMetadata(metadata, FileType.REGULAR, MODE_OF_FOREIGN_FILES, owner),
  };
}

function attrsOfMetadata(
  { mode, uid, gid, atime, mtime }: Metadata,
  type: number,
  otherwise: number,
  owner: Owner,
): FileAttrs {
  return {
    permissions: type | (mode ?? otherwise),
    uid: uid ?? owner.uid,
    gid: gid ?? owner.gid,
    // If only one of them is known, both are sent with its value.
    ...mtime === undefined && atime === undefined
      ? {}
      : { atime: seconds(atime ?? mtime!), mtime: seconds(mtime ?? atime!) },
  };
}

/** This storage's own fields in a file's metadata; other programs' metadata may be anything. */
export function metadataOf({ metadata }: FileDoc): Metadata {
  return isDocument(metadata) ? metadataIn(metadata) : {};
}

/** The attributes in a document; a value of another type under their names is ignored. */
function metadataIn(document: object | undefined): Metadata {
  const { mode, uid, gid, atime, mtime }: Record<string, unknown> = { ...document };
  return {
    ...(typeof mode === "number" ? { mode: mode & PERMISSION_BITS } : {}),
    ...(isOwner(uid) ? { uid } : {}),
    ...(isOwner(gid) ? { gid } : {}),
    ...(isTime(atime) ? { atime } : {}),
    ...(isTime(mtime) ? { mtime } : {}),
  };
}

function isOwner(id: unknown): id is number {
  return typeof id === "number" && Number.isInteger(id) && id >= 0 && id <= MOST_32_BITS;
}

function isTime(date: unknown): date is Date {
  return date instanceof Date && !Number.isNaN(date.getTime());
}

/** Whether a value is a document with fields, and not a list, a date or the like. */
export function isDocument(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}

/** A directory or a link. A target of any type makes it a link. */
export function entryOfNode(node: NodeDoc): Entry {
  return { kind: node.target === undefined ? "directory" : "link", node };
}

/**
 * The text of a link.
 *
 * @throws {StorageError} If it has none.
 */
export function targetOf({ target }: NodeDoc): string {
  if (typeof target === "string" && target !== "") return target;
  throw new StorageError("failure", "the link's document has no target");
}

/** What is present in `attrs`, except the size, as metadata. */
export function metadataOfAttrs(attrs: FileAttrs): Metadata {
  const { permissions, uid, gid, atime, mtime } = attrs;
  return {
    ...(permissions === undefined ? {} : { mode: permissions & PERMISSION_BITS }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(atime === undefined ? {} : { atime: new Date(atime * 1000) }),
    ...(mtime === undefined ? {} : { mtime: new Date(mtime * 1000) }),
  };
}

/** The update of a file's document that changes its metadata. */
export function metadataUpdate(doc: FileDoc, changes: Metadata) {
  if (!isDocument(doc.metadata)) return { $set: { metadata: changes } };
  return {
    $set: Object.fromEntries(
      Object.entries(changes).map(([name, value]) => [`metadata.${name}`, value]),
    ),
  };
}

/** A node for a directory, or for a link if there is a `target`. */
export function newNode(
  path: VirtualPath,
  metadata: Metadata,
  target?: string,
): NodeDoc {
  return {
    _id: path,
    parent: path === "/" ? null : parentOf(path),
    ...metadata,
    ...(target === undefined ? {} : { target }),
  };
}

/**
 * Gives a directory that exists only because files are below it a node, and those above it too, so
 * that they stay when the last of the files is removed.
 */
export async function keepDirectory(
  bucket: Bucket,
  directory: VirtualPath,
  session?: ClientSession,
): Promise<void> {
  const missing: VirtualPath[] = [];
  for (let path = directory; path !== "/"; path = parentOf(path)) {
    const found = await bucket.nodes.first({ _id: path }, inSession(session));
    if (found !== undefined) break;
    missing.push(path);
  }
  for (const path of missing.reverse()) {
    const { _id, ...fields } = newNode(path, { mtime: bucket.now(), atime: bucket.now() });
    await bucket.nodes.update({ _id }, { $setOnInsert: fields }, { upsert: true, session });
  }
}

function seconds(date: Date): number {
  return Math.min(MOST_32_BITS, Math.max(0, Math.floor(date.getTime() / 1000)));
}
