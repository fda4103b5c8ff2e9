/**
 * Requests as values, read and written: sections 4 and 6 of
 * draft-ietf-secsh-filexfer-02, with SYMLINK's arguments in OpenSSH's order.
 *
 * A reader begins after the type and the request id; a writer ends the same
 * way, so {@linkcode writeRequest} puts those in front.
 *
 * @module
 */

import type { FileAttrs } from "../attrs.ts";
import { readAttrs, writeAttrs } from "./attributes.ts";
import { PacketType } from "./constants.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

export interface OpenRequest {
  readonly path: string;
  /** Bits of `OpenFlag`. */
  readonly pflags: number;
  readonly attrs: FileAttrs;
}

/** CLOSE, FSTAT, READDIR: a handle alone. */
export interface HandleRequest {
  /** Lent as long as the packet is. */
  readonly handle: Uint8Array;
}

export interface ReadRequest {
  readonly handle: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

export interface WriteRequest {
  readonly handle: Uint8Array;
  readonly offset: number;
  /** Lent as long as the packet is. */
  readonly data: Uint8Array;
}

/** LSTAT, STAT, OPENDIR, REMOVE, RMDIR, REALPATH, READLINK: a path alone. */
export interface PathRequest {
  readonly path: string;
}

/** SETSTAT, MKDIR */
export interface PathAttrsRequest {
  readonly path: string;
  readonly attrs: FileAttrs;
}

/** FSETSTAT */
export interface HandleAttrsRequest {
  readonly handle: Uint8Array;
  readonly attrs: FileAttrs;
}

/** RENAME */
export interface TwoPathsRequest {
  readonly from: string;
  readonly to: string;
}

/** SYMLINK, in OpenSSH's order: the draft has the link first, no client in use sends that. */
export interface SymlinkRequest {
  readonly target: string;
  readonly link: string;
}

/** Begins a request: its type and its id. The fields follow, then `writer.end()`. */
export function beginRequest(writer: Writer, type: number, id: number): void {
  writer.begin(type);
  writer.u32(id);
}

/** Writes INIT, which has no id. */
export function writeInit(writer: Writer, version: number): void {
  writer.begin(PacketType.INIT);
  writer.u32(version);
  writer.end();
}

export function readOpen(reader: Reader): OpenRequest {
  const path = reader.name();
  const pflags = reader.u32();
  return { path, pflags, attrs: readAttrs(reader) };
}

export function writeOpen(writer: Writer, request: OpenRequest): void {
  writer.name(request.path);
  writer.u32(request.pflags);
  writeAttrs(writer, request.attrs);
}

/** Reads CLOSE, FSTAT or READDIR. */
export function readHandle(reader: Reader): HandleRequest {
  return { handle: reader.bytes() };
}

/** Writes CLOSE, FSTAT or READDIR. */
export function writeHandle(writer: Writer, request: HandleRequest): void {
  writer.bytes(request.handle);
}

export function readRead(reader: Reader): ReadRequest {
  const handle = reader.bytes();
  const offset = reader.u64();
  return { handle, offset, length: reader.u32() };
}

export function writeRead(writer: Writer, request: ReadRequest): void {
  writer.bytes(request.handle);
  writer.u64(request.offset);
  writer.u32(request.length);
}

export function readWrite(reader: Reader): WriteRequest {
  const handle = reader.bytes();
  const offset = reader.u64();
  return { handle, offset, data: reader.data() };
}

/** Writes WRITE; data that is long stays where it is. */
export function writeWrite(writer: Writer, request: WriteRequest): void {
  writer.bytes(request.handle);
  writer.u64(request.offset);
  writer.lend(request.data);
}

/** Reads a request that is a path alone. */
export function readPath(reader: Reader): PathRequest {
  return { path: reader.name() };
}

/** Writes a request that is a path alone. */
export function writePath(writer: Writer, request: PathRequest): void {
  writer.name(request.path);
}

/** Reads SETSTAT or MKDIR. */
export function readPathAttrs(reader: Reader): PathAttrsRequest {
  const path = reader.name();
  return { path, attrs: readAttrs(reader) };
}

/** Writes SETSTAT or MKDIR. */
export function writePathAttrs(writer: Writer, request: PathAttrsRequest): void {
  writer.name(request.path);
  writeAttrs(writer, request.attrs);
}

/** Reads FSETSTAT. */
export function readHandleAttrs(reader: Reader): HandleAttrsRequest {
  const handle = reader.bytes();
  return { handle, attrs: readAttrs(reader) };
}

/** Writes FSETSTAT. */
export function writeHandleAttrs(writer: Writer, request: HandleAttrsRequest): void {
  writer.bytes(request.handle);
  writeAttrs(writer, request.attrs);
}

/** Reads RENAME. */
export function readTwoPaths(reader: Reader): TwoPathsRequest {
  const from = reader.name();
  return { from, to: reader.name() };
}

/** Writes RENAME. */
export function writeTwoPaths(writer: Writer, request: TwoPathsRequest): void {
  writer.name(request.from);
  writer.name(request.to);
}

export function readSymlink(reader: Reader): SymlinkRequest {
  const target = reader.name();
  return { target, link: reader.name() };
}

export function writeSymlink(writer: Writer, request: SymlinkRequest): void {
  writer.name(request.target);
  writer.name(request.link);
}
