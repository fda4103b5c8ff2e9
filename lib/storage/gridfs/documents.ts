/**
 * What stands in the collections of a bucket. `files` and `chunks` are the
 * GridFS specification's; `nodes` and `journal` are this storage's own.
 *
 * @module
 */

import { type Binary, BSON, type Long, ObjectId } from "mongodb";
import type { VirtualPath } from "../storage.ts";

/** Identifies a file. Ours are ObjectIds; a foreign file's may be anything. */
export type FileId = ObjectId;

/** The attributes of a file that GridFS has no place for, under `metadata`. */
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

/** `<bucket>.files`: a file that is whole, under its name. */
export interface FileDoc {
  _id: FileId;
  /** Bytes. */
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

/** `<bucket>.nodes`: a directory or a symbolic link. A file needs none. */
export interface NodeDoc extends Metadata {
  _id: VirtualPath;
  /** The directory that it stands in; null for the root. */
  parent: VirtualPath | null;
  /** The text of a link; absent for a directory. */
  target?: string;
}

/** What every entry of `<bucket>.journal` has that stands for work under way. */
interface Work {
  _id: string;
  /** The session that does it. */
  session: ObjectId;
  /** When that session last said that it lives. */
  alive: Date;
}

/** A name that one session changes; nobody else does meanwhile. */
export interface ClaimDoc extends Work {
  kind: "claim";
}

/** A new version of a file whose chunks are on their way, or there. */
export interface UploadDoc extends Work {
  kind: "upload";
  file: FileId;
  /** Set when it is published: the versions that give way. */
  replaces?: FileId[];
}

/** An edit of a file: chunks that are to take the place of some of its own. */
export interface EditDoc extends Work {
  kind: "edit";
  /** The file that is edited; nobody else edits it in place meanwhile. */
  file: FileId;
  /** The new chunks' `files_id` until then. */
  staged: FileId;
  /** Set when it is applied: the file as it is to be; from then on there is no way back. */
  result?: FileDoc;
  /** With `result`: the versions that give way. */
  replaces?: FileId[];
}

/** A rename that takes more than one step. */
export interface RenameDoc extends Work {
  kind: "rename";
  from: VirtualPath;
  to: VirtualPath;
  /** Files that had the name `to`. */
  replaces: FileId[];
}

/** A version that nobody can open any more; those who have it open may read on for a while. */
export interface RetiredDoc {
  _id: string;
  kind: "retired";
  file: FileId;
  /** What stands in its place; null where it was removed. */
  replacedBy: FileId | null;
  /** When its chunks are swept. */
  due: Date;
}

/** `<bucket>.journal` */
export type JournalDoc = ClaimDoc | UploadDoc | EditDoc | RenameDoc | RetiredDoc;

/** A file's id as text: a part of the journal's ids. */
export function idText(id: FileId): string {
  return id instanceof ObjectId ? id.toHexString() : BSON.EJSON.stringify({ id });
}

/** The last millisecond that a Date can be, less those that are still to be added. */
const LATEST_MS = 8.64e15 - 1;

/** What is no date is older than every date. */
const NO_DATE_MS = -8.64e15;

/**
 * Milliseconds since 1970 of a date that another program may have written: those of the oldest where
 * it is none, and never so late that there is no later one.
 */
export function timeOf(date: unknown): number {
  const time = date instanceof Date ? date.getTime() : NaN;
  return Number.isNaN(time) ? NO_DATE_MS : Math.min(time, LATEST_MS);
}

/** A number that may have come as 64 bits. */
export function numberOf(value: number | Long): number {
  return typeof value === "number" ? value : Number(value.toString());
}
