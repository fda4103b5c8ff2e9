/**
 * The documents in the collections of a bucket. `files` and `chunks` follow the GridFS
 * specification; `nodes` and `journal` are this storage's own.
 *
 * @module
 */

import { type Binary, BSON, type Long, ObjectId } from "mongodb";
import type { VirtualPath } from "../../storage.ts";

/** Identifies a file. Ours are ObjectIds; another program's file may have an id of any type. */
export type FileId = ObjectId;

/** The attributes of a file that GridFS has no field for, under `metadata`. */
export interface Metadata {
  /** Permission bits. */
  mode?: number;
  /** Owner, by number. */
  uid?: number;
  /** Group, by number. */
  gid?: number;
  /** Last access. */
  atime?: Date;
  /** Last change of the content. */
  mtime?: Date;
}

/** `<bucket>.files`: a complete file, under its name. */
export interface FileDoc {
  _id: FileId;
  /** Size of the file in bytes. */
  length: number | Long;
  /** Bytes in each chunk but the last. */
  chunkSize: number | Long;
  uploadDate: Date;
  filename: string;
  metadata?: Metadata | null;
}

/** `<bucket>.chunks`: a piece of a file. */
export interface ChunkDoc {
  _id: ObjectId;
  "files_id": FileId;
  n: number;
  data: Binary;
}

/** `<bucket>.nodes`: a directory or a symbolic link. A file needs no node. */
export interface NodeDoc extends Metadata {
  _id: VirtualPath;
  /** The directory that contains it; null for the root. */
  parent: VirtualPath | null;
  /** The text of a link; absent for a directory. */
  target?: string;
}

/** What every entry of `<bucket>.journal` for work in progress has. */
interface Work {
  _id: string;
  /** The session that does the work. */
  session: ObjectId;
  /** The time of that session's last heartbeat. */
  alive: Date;
}

/** A name that one session changes; no other session changes it meanwhile. */
export interface ClaimDoc extends Work {
  kind: "claim";
  /** Tells this claim from an earlier one of the name, whose removal may come late. */
  hold: ObjectId;
}

/** A new version of a file whose chunks are being sent, or have arrived. */
export interface UploadDoc extends Work {
  kind: "upload";
  file: FileId;
  /** The version that it began from, whose chunks are needed until the new one is complete. */
  base?: FileId;
  /** Set when it is published: the versions that it replaces. */
  replaces?: FileId[];
}

/** A rename that takes more than one step. */
export interface RenameDoc extends Work {
  kind: "rename";
  from: VirtualPath;
  to: VirtualPath;
  what: MovedFile | MovedLink | MovedDirectory;
  /** Files that had the name `to`; the newest, which clients saw, is the last. */
  replaces: FileId[];
}

/** All files of one name. The rename is done when the newest has its new name. */
export interface MovedFile {
  kind: "file";
  /** The newest, which clients see, is the last. */
  files: FileId[];
  /** A link that is replaced. */
  link?: NodeDoc;
}

/**
 * A link. The rename is done when the link is seen at its new name only; until then it can be
 * undone.
 */
export interface MovedLink {
  kind: "link";
  node: NodeDoc;
  /** A link that is replaced. */
  replaced?: NodeDoc;
}

/** A directory with everything below it, batch by batch. An unfinished rename is undone. */
export interface MovedDirectory {
  kind: "directory";
  /** The node of an empty directory that is replaced. */
  replaced?: NodeDoc;
  /** Set when everything has its new name. */
  isDone?: boolean;
}

/** The documents that a directory's rename moves in one batch; written down before they move. */
export interface MovesDoc {
  _id: string;
  kind: "moves";
  /** The id of the rename's entry. */
  rename: string;
  /** The files, with their names before. */
  files: { _id: FileId; filename: string }[];
  /** The nodes as they were before. */
  nodes: NodeDoc[];
}

/**
 * The one entry that lists the renames of directories and links in progress: until they are over,
 * no name in or of these directories and links changes otherwise.
 */
export interface GateDoc {
  _id: string;
  kind: "gate";
  /** The ids of the renames' entries. */
  renames: string[];
}

/**
 * A version that no session can open any more; sessions that have it open may read on for a while.
 * If its document is still in `files`, it is not retired: then something kept it from being
 * removed.
 */
export interface RetiredDoc {
  _id: string;
  kind: "retired";
  file: FileId;
  /** The file that replaced it; null where it was removed. */
  replacedBy: FileId | null;
  /** When its chunks will be swept. */
  due: Date;
}

/** `<bucket>.journal` */
export type JournalDoc = WorkDoc | MovesDoc | GateDoc | RetiredDoc;

/** An entry that a session works on. */
export type WorkDoc = ClaimDoc | UploadDoc | RenameDoc;

/** A file's id as text: a part of the journal's ids. */
export function idText(id: FileId): string {
  return id instanceof ObjectId ? id.toHexString() : BSON.EJSON.stringify({ id });
}

/** The last millisecond that a Date can represent, less the one that may still be added. */
const LATEST_MS = 8.64e15 - 1;

/** What is not a date counts as older than every date. */
const NO_DATE_MS = -8.64e15;

/**
 * Milliseconds since 1970 of a date that another program may have written: the oldest time where it
 * is not a date, and never so late that there is no later one.
 */
export function timeOf(date: unknown): number {
  const time = date instanceof Date ? date.getTime() : NaN;
  return Number.isNaN(time) ? NO_DATE_MS : Math.min(time, LATEST_MS);
}

/** A number that may have arrived as 64 bits. */
export function numberOf(value: number | Long): number {
  return typeof value === "number" ? value : Number(value.toString());
}
