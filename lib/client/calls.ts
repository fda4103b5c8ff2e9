/**
 * Requests as a client makes them, a row each: how one is written, and how its
 * answer is read. READ and WRITE, which move data, are in `exchange.ts`.
 *
 * @module
 */

import type { FileAttrs, FileSystemStats, OwnerNames } from "../attrs.ts";
import { readAttrs } from "../wire/attributes.ts";
import { PacketType, StatusCode } from "../wire/constants.ts";
import { ProtocolError } from "../wire/errors.ts";
import * as extensions from "../wire/extensions.ts";
import { Reader } from "../wire/reader.ts";
import { readNames } from "../wire/replies.ts";
import * as requests from "../wire/requests.ts";
import type { Writer } from "../wire/writer.ts";

const { Extension } = extensions;

/** One entry of a directory, or one path: what a NAME reply consists of. */
export interface RemoteEntry {
  /** The name, with bytes that are not UTF-8 as lone surrogates U+DC80 to U+DCFF. */
  readonly name: string;
  /** A line as `ls -l` prints it, in the server's words. */
  readonly longname: string;
  /** The attributes of the entry itself, where the server sends them. */
  readonly attrs: FileAttrs;
}

/** What answers a request. */
export interface Answer<A> {
  /** The type of the reply that carries the answer. */
  readonly type: number;
  /** Reads such a reply, after the id. */
  read(reply: Reader): A;
  /** The status that is an answer too, and which; every other status is a failure. */
  readonly plain?: { readonly code: number; readonly value: A };
}

/** A kind of request: `Q` is what it carries, `A` is the answer. */
export interface Call<Q, A> {
  /** The name, for messages. */
  readonly name: string;
  /** The packet's type. */
  readonly type: number;
  /** The extension's name, where the type is EXTENDED. */
  readonly extension?: string;
  /** Writes the fields. */
  write(writer: Writer, request: Q): void;
  readonly answer: Answer<A>;
}

const ok: Answer<void> = {
  type: PacketType.STATUS,
  read: () => undefined,
  plain: { code: StatusCode.OK, value: undefined },
};
const handle: Answer<Uint8Array> = {
  type: PacketType.HANDLE,
  read: (reply) => reply.bytes().slice(),
};
const attrs: Answer<FileAttrs> = { type: PacketType.ATTRS, read: readAttrs };
const entries: Answer<readonly RemoteEntry[]> = {
  type: PacketType.NAME,
  read: readNames,
  plain: { code: StatusCode.EOF, value: [] },
};
const path: Answer<string> = { type: PacketType.NAME, read: readOnlyName };

export const OPEN = row("OPEN", requests.writeOpen, handle);
export const CLOSE = row("CLOSE", requests.writeHandle, ok);
export const LSTAT = row("LSTAT", requests.writePath, attrs);
export const FSTAT = row("FSTAT", requests.writeHandle, attrs);
export const SETSTAT = row("SETSTAT", requests.writePathAttrs, ok);
export const FSETSTAT = row("FSETSTAT", requests.writeHandleAttrs, ok);
export const OPENDIR = row("OPENDIR", requests.writePath, handle);
/** READDIR; no entries at the end. */
export const READDIR = row("READDIR", requests.writeHandle, entries);
export const REMOVE = row("REMOVE", requests.writePath, ok);
export const MKDIR = row("MKDIR", requests.writePathAttrs, ok);
export const RMDIR = row("RMDIR", requests.writePath, ok);
export const REALPATH = row("REALPATH", requests.writePath, path);
export const STAT = row("STAT", requests.writePath, attrs);
export const RENAME = row("RENAME", requests.writeTwoPaths, ok);
export const READLINK = row("READLINK", requests.writePath, path);
export const SYMLINK = row("SYMLINK", requests.writeSymlink, ok);

/** posix-rename@openssh.com */
export const POSIX_RENAME = extended(Extension.POSIX_RENAME, requests.writeTwoPaths, ok);
/** statvfs@openssh.com */
export const STATVFS = extended(
  Extension.STATVFS,
  requests.writePath,
  reply<FileSystemStats>(extensions.readStatVfs),
);
/** fstatvfs@openssh.com */
export const FSTATVFS = extended(
  Extension.FSTATVFS,
  requests.writeHandle,
  reply<FileSystemStats>(extensions.readStatVfs),
);
/** hardlink@openssh.com */
export const HARDLINK = extended(Extension.HARDLINK, requests.writeTwoPaths, ok);
/** fsync@openssh.com */
export const FSYNC = extended(Extension.FSYNC, requests.writeHandle, ok);
/** lsetstat@openssh.com */
export const LSETSTAT = extended(Extension.LSETSTAT, requests.writePathAttrs, ok);
/** limits@openssh.com */
export const LIMITS = extended(
  Extension.LIMITS,
  writeNothing,
  reply<extensions.Limits>(extensions.readLimits),
);
/** expand-path@openssh.com */
export const EXPAND_PATH = extended(Extension.EXPAND_PATH, requests.writePath, path);
export const COPY_DATA = extended(Extension.COPY_DATA, extensions.writeCopyData, ok);
export const HOME_DIRECTORY = extended(Extension.HOME_DIRECTORY, writeUser, path);
/** users-groups-by-id@openssh.com */
export const USERS_GROUPS_BY_ID = extended(
  Extension.USERS_GROUPS_BY_ID,
  extensions.writeIds,
  reply<OwnerNames>(extensions.readNamesById),
);
export const CHECK_FILE_HANDLE = extended(
  Extension.CHECK_FILE_HANDLE,
  writeCheckFileHandle,
  reply<extensions.CheckFileReply>(readHashes),
);
/** paramiko's check-file */
export const CHECK_FILE = extended(
  Extension.CHECK_FILE,
  writeCheckFileHandle,
  CHECK_FILE_HANDLE.answer,
);
export const CHECK_FILE_NAME = extended(
  Extension.CHECK_FILE_NAME,
  writeCheckFileName,
  CHECK_FILE_HANDLE.answer,
);

/** A request of the protocol itself. */
function row<Q, A>(
  name: keyof typeof PacketType,
  write: (writer: Writer, request: Q) => void,
  answer: Answer<A>,
): Call<Q, A> {
  return { name, type: PacketType[name], write, answer };
}

function extended<Q, A>(
  extension: string,
  write: (writer: Writer, request: Q) => void,
  answer: Answer<A>,
): Call<Q, A> {
  return { name: extension, type: PacketType.EXTENDED, extension, write, answer };
}

function reply<A>(read: (reply: Reader) => A): Answer<A> {
  return { type: PacketType.EXTENDED_REPLY, read };
}

/** The path of a reply that names one; what follows it has no meaning. */
function readOnlyName(reply: Reader): string {
  const count = reply.u32();
  if (count !== 1) throw new ProtocolError(`${count} names came where one was asked for`);
  return reply.name();
}

/** Hashes; some servers put the request's name in front of the algorithm's. */
function readHashes(reply: Reader): extensions.CheckFileReply {
  const hashes = extensions.readCheckFileReply(reply);
  if (!hashes.algorithm.startsWith(Extension.CHECK_FILE)) return hashes;
  return extensions.readCheckFileReply(new Reader(hashes.hashes));
}

function writeNothing(_writer: Writer, _request: undefined): void {}

function writeUser(writer: Writer, request: { readonly user: string }): void {
  writer.name(request.user);
}

function writeCheckFileHandle(writer: Writer, request: extensions.CheckFileHandleRequest): void {
  writer.bytes(request.handle);
  extensions.writeCheckFileRange(writer, request);
}

function writeCheckFileName(writer: Writer, request: extensions.CheckFileNameRequest): void {
  writer.name(request.path);
  extensions.writeCheckFileRange(writer, request);
}
