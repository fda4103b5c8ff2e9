import type { ClientSession } from "mongodb";
import { boundedSecond, type FileAttrs, FileType } from "../../attrs.ts";
import { parentOf } from "../path.ts";
import type { VirtualPath } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import { type FileDoc, type Metadata, type NodeDoc, numberOf } from "./documents.ts";
import { within } from "./table.ts";

/** What has a name. */
export type Entry =
  | { readonly kind: "file"; readonly doc: FileDoc }
  | { readonly kind: "link"; readonly node: NodeDoc & { target: string } }
  /** Without a node it is there because files are below it. */
  | { readonly kind: "directory"; readonly node: NodeDoc | undefined };

/** Owner and group of what tells none. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const PERMISSION_BITS = 0o7777;
const MODE_OF_FOREIGN_FILES = 0o644;
const MODE_OF_IMPLIED_DIRECTORIES = 0o755;

/** The attributes of an entry. */
export function attrsOf(entry: Entry, owner: Owner): FileAttrs {
  if (entry.kind === "file") return attrsOfFile(entry.doc, owner);
  const { node } = entry;
  if (entry.kind === "link") {
    const size = new TextEncoder().encode(entry.node.target).length;
    return { size, ...attrsOfMetadata(entry.node, FileType.SYMLINK, 0o777, owner) };
  }
  return {
    size: 0,
    ...attrsOfMetadata(node ?? {}, FileType.DIRECTORY, MODE_OF_IMPLIED_DIRECTORIES, owner),
  };
}

/** The attributes of a file. */
export function attrsOfFile(doc: FileDoc, owner: Owner): FileAttrs {
  const { uploadDate } = doc;
  const metadata = { mtime: uploadDate, atime: uploadDate, ...metadataOf(doc) };
  return {
    size: numberOf(doc.length),
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
    // Where there is one of them only, both are sent as that one.
    ...(mtime ?? atime) instanceof Date
      ? { atime: seconds(atime ?? mtime!), mtime: seconds(mtime ?? atime!) }
      : {},
  };
}

/** What is ours in a file's metadata; foreign metadata may be anything. */
export function metadataOf({ metadata }: FileDoc): Metadata {
  if (typeof metadata !== "object" || metadata === null) return {};
  const { mode, uid, gid, atime, mtime } = metadata;
  return {
    ...(typeof mode === "number" ? { mode: mode & PERMISSION_BITS } : {}),
    ...(isOwnerNumber(uid) ? { uid } : {}),
    ...(isOwnerNumber(gid) ? { gid } : {}),
    ...(atime instanceof Date ? { atime } : {}),
    ...(mtime instanceof Date ? { mtime } : {}),
  };
}

/** What is present in `attrs`, but for the size, as metadata. */
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
  const { metadata } = doc;
  if (typeof metadata !== "object" || metadata === null) return { $set: { metadata: changes } };
  return {
    $set: Object.fromEntries(
      Object.entries(changes).map(([name, value]) => [`metadata.${name}`, value]),
    ),
  };
}

/** A node for a directory, or for a link where there is a `target`. */
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
 * Gives a directory that is there only because files are below it, and those
 * above it, a node each, so that they stay when the last of the files goes.
 */
export async function keepDirectory(
  bucket: Bucket,
  directory: VirtualPath,
  session?: ClientSession,
): Promise<void> {
  const missing: VirtualPath[] = [];
  for (let path = directory; path !== "/"; path = parentOf(path)) {
    const found = await bucket.nodes.first({ _id: path }, within(session));
    if (found !== undefined) break;
    missing.push(path);
  }
  for (const path of missing.reverse()) {
    const { _id, ...fields } = newNode(path, { mtime: bucket.now(), atime: bucket.now() });
    await bucket.nodes.update({ _id }, { $setOnInsert: fields }, { upsert: true, session });
  }
}

/** What others have stored may be any number. */
function isOwnerNumber(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}

function seconds(date: Date): number {
  return Math.max(0, boundedSecond(Math.floor(date.getTime() / 1000)));
}
