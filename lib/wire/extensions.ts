/**
 * Extended requests and their replies, as OpenSSH's PROTOCOL file and
 * draft-ietf-secsh-filexfer-extensions-00 define them. A reader begins after
 * the extension's name.
 *
 * @module
 */

import type { FileSystemStats, OwnerNames } from "../attrs.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Names of the extended requests, as in a packet. */
export const Extension = {
  POSIX_RENAME: "posix-rename@openssh.com",
  STATVFS: "statvfs@openssh.com",
  FSTATVFS: "fstatvfs@openssh.com",
  HARDLINK: "hardlink@openssh.com",
  FSYNC: "fsync@openssh.com",
  LSETSTAT: "lsetstat@openssh.com",
  LIMITS: "limits@openssh.com",
  EXPAND_PATH: "expand-path@openssh.com",
  COPY_DATA: "copy-data",
  HOME_DIRECTORY: "home-directory",
  USERS_GROUPS_BY_ID: "users-groups-by-id@openssh.com",
  CHECK_FILE_HANDLE: "check-file-handle",
  CHECK_FILE_NAME: "check-file-name",
  /** paramiko's name for check-file-handle. */
  CHECK_FILE: "check-file",
} as const;

/** Reply to limits@openssh.com; lengths in bytes, 0 for no limit. */
export interface Limits {
  /** A whole packet, without its length field. */
  readonly maxPacketLength: number;
  /** What one READ returns. */
  readonly maxReadLength: number;
  /** What one WRITE carries. */
  readonly maxWriteLength: number;
  /** How many files and directories may be open at once. */
  readonly maxOpenHandles: number;
}

export interface CopyDataRequest {
  readonly source: Uint8Array;
  readonly sourceOffset: number;
  /** Bytes to copy; 0 for all up to the end. */
  readonly length: number;
  readonly target: Uint8Array;
  readonly targetOffset: number;
}

/** users-groups-by-id@openssh.com */
export interface IdsRequest {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
}

/** check-file-handle and check-file-name, after the handle or the name. */
export interface CheckFileRange {
  /** Names of hash algorithms, the client's favourite first. */
  readonly algorithms: readonly string[];
  /** Where to begin, in bytes. */
  readonly offset: number;
  /** Bytes to hash; 0 for all up to the end. */
  readonly length: number;
  /** Bytes hashed together; 0 for all in one. */
  readonly blockSize: number;
}

/** check-file-handle (or paramiko's check-file) */
export interface CheckFileHandleRequest extends CheckFileRange {
  readonly handle: Uint8Array;
}

export interface CheckFileNameRequest extends CheckFileRange {
  readonly path: string;
}

/** Reply to check-file: the algorithm used and the hashes, one after the other. */
export interface CheckFileReply {
  /** The algorithm that was used. */
  readonly algorithm: string;
  /** The hashes, one after the other. */
  readonly hashes: Uint8Array;
}

export function readCopyData(reader: Reader): CopyDataRequest {
  const source = reader.bytes();
  const sourceOffset = reader.u64();
  const length = reader.u64();
  const target = reader.bytes();
  return { source, sourceOffset, length, target, targetOffset: reader.u64() };
}

export function writeCopyData(writer: Writer, request: CopyDataRequest): void {
  writer.bytes(request.source);
  writer.u64(request.sourceOffset);
  writer.u64(request.length);
  writer.bytes(request.target);
  writer.u64(request.targetOffset);
}

/** Reads users-groups-by-id@openssh.com: two strings of packed numbers. */
export function readIds(reader: Reader): IdsRequest {
  const uids = readPackedNumbers(reader);
  return { uids, gids: readPackedNumbers(reader) };
}

/** Writes users-groups-by-id@openssh.com. */
export function writeIds(writer: Writer, request: IdsRequest): void {
  writePackedNumbers(writer, request.uids);
  writePackedNumbers(writer, request.gids);
}

export function readCheckFileHandle(reader: Reader): CheckFileHandleRequest {
  const handle = reader.bytes();
  return { handle, ...readCheckFileRange(reader) };
}

export function readCheckFileName(reader: Reader): CheckFileNameRequest {
  const path = reader.name();
  return { path, ...readCheckFileRange(reader) };
}

/** Writes what check-file carries after the handle or the name. */
export function writeCheckFileRange(writer: Writer, range: CheckFileRange): void {
  writer.name(range.algorithms.join(","));
  writer.u64(range.offset);
  writer.u64(range.length);
  writer.u32(range.blockSize);
}

/** The figures of a statvfs reply, in its order. */
export const STATVFS_FIGURES: readonly (keyof FileSystemStats)[] = [
  ...["bsize", "frsize", "blocks", "bfree", "bavail", "files", "ffree", "favail", "fsid"] as const,
  ...["flag", "namemax"] as const,
];

/** Reads the body of a statvfs reply. */
export function readStatVfs(reader: Reader): FileSystemStats {
  const figures = {} as Record<keyof FileSystemStats, bigint>;
  for (const name of STATVFS_FIGURES) figures[name] = reader.bigU64();
  return figures;
}

/** Writes the body of a statvfs reply. */
export function writeStatVfs(writer: Writer, figures: FileSystemStats): void {
  for (const name of STATVFS_FIGURES) writer.bigU64(figures[name]);
}

/** Reads the body of a limits reply. */
export function readLimits(reader: Reader): Limits {
  return {
    maxPacketLength: reader.u64(),
    maxReadLength: reader.u64(),
    maxWriteLength: reader.u64(),
    maxOpenHandles: reader.u64(),
  };
}

/** Writes the body of a limits reply. */
export function writeLimits(writer: Writer, limits: Limits): void {
  writer.u64(limits.maxPacketLength);
  writer.u64(limits.maxReadLength);
  writer.u64(limits.maxWriteLength);
  writer.u64(limits.maxOpenHandles);
}

/** Reads the body of a users-groups-by-id reply: two strings of packed strings. */
export function readNamesById(reader: Reader): OwnerNames {
  const users = readPackedNames(reader);
  return { users, groups: readPackedNames(reader) };
}

/** Writes the body of a users-groups-by-id reply. */
export function writeNamesById(writer: Writer, names: OwnerNames): void {
  writePackedNames(writer, names.users);
  writePackedNames(writer, names.groups);
}

/** Reads the body of a check-file reply. */
export function readCheckFileReply(reader: Reader): CheckFileReply {
  const algorithm = reader.name();
  return { algorithm, hashes: reader.rest().slice() };
}

/** Writes the body of a check-file reply. */
export function writeCheckFileReply(writer: Writer, reply: CheckFileReply): void {
  writer.name(reply.algorithm);
  writer.raw(reply.hashes);
}

function readCheckFileRange(reader: Reader): CheckFileRange {
  const algorithms = reader.name().split(",");
  const offset = reader.u64();
  const length = reader.u64();
  return { algorithms, offset, length, blockSize: reader.u32() };
}

function readPackedNumbers(reader: Reader): number[] {
  const packed = reader.inner();
  const numbers: number[] = [];
  while (packed.remaining > 0) numbers.push(packed.u32());
  return numbers;
}

function writePackedNumbers(writer: Writer, numbers: readonly number[]): void {
  writer.u32(numbers.length * 4);
  for (const number of numbers) writer.u32(number);
}

function readPackedNames(reader: Reader): string[] {
  const packed = reader.inner();
  const names: string[] = [];
  while (packed.remaining > 0) names.push(packed.name());
  return names;
}

function writePackedNames(writer: Writer, names: readonly string[]): void {
  const lengthAt = writer.position;
  writer.u32(0);
  for (const name of names) writer.name(name);
  writer.setU32(lengthAt, writer.position - lengthAt - 4);
}
