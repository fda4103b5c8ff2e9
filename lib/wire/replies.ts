/**
 * Replies, written by a server and read by a client: section 7 of
 * draft-ietf-secsh-filexfer-02.
 *
 * @module
 */

import type { FileAttrs } from "../attrs.ts";
import { decodeName } from "../names.ts";
import { readAttrs, writeAttrs } from "./attributes.ts";
import { PacketType } from "./constants.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Bytes before the data of a DATA reply: length, type, id, count. */
export const DATA_HEADER_LENGTH = 13;

/** VERSION: the version and the extensions, each a name and its version. */
export interface VersionReply {
  readonly version: number;
  readonly extensions: readonly (readonly [name: string, data: string])[];
}

export interface StatusReply {
  /** A value of `StatusCode`. */
  readonly code: number;
  readonly message: string;
}

/** One entry of a NAME reply. */
export interface NameEntry {
  /** The file's name in its directory, or a whole path. */
  readonly name: string;
  /** A line as `ls -l` prints it. */
  readonly longname: string;
  readonly attrs: FileAttrs;
}

/** Reads VERSION, after the type. What is said of an extension may hold any byte. */
export function readVersion(reader: Reader): VersionReply {
  const version = reader.u32();
  const extensions: [string, string][] = [];
  while (reader.remaining > 0) extensions.push([reader.name(), decodeName(reader.bytes())]);
  return { version, extensions };
}

/** Writes VERSION, which has no id. */
export function writeVersion(writer: Writer, reply: VersionReply): void {
  writer.begin(PacketType.VERSION);
  writer.u32(reply.version);
  for (const [name, data] of reply.extensions) {
    writer.name(name);
    writer.name(data);
  }
  writer.end();
}

/** Reads STATUS, after the id; the text may be missing, as in the first versions. */
export function readStatus(reader: Reader): StatusReply {
  const code = reader.u32();
  return { code, message: reader.remaining > 0 ? reader.name() : "" };
}

/** Writes STATUS with an empty language tag, as OpenSSH does. */
export function writeStatus(writer: Writer, id: number, reply: StatusReply): void {
  writer.begin(PacketType.STATUS);
  writer.u32(id);
  writer.u32(reply.code);
  writer.name(reply.message);
  writer.name("");
  writer.end();
}

export function writeHandleReply(writer: Writer, id: number, handle: Uint8Array): void {
  writer.begin(PacketType.HANDLE);
  writer.u32(id);
  writer.bytes(handle);
  writer.end();
}

/**
 * Writes DATA. Bytes that were read into a window of the writer after
 * {@linkcode DATA_HEADER_LENGTH} bytes are not copied, and others not where they are long.
 */
export function writeData(writer: Writer, id: number, data: Uint8Array): void {
  writer.begin(PacketType.DATA);
  writer.u32(id);
  writer.bytesInPlace(data);
  writer.end();
}

/** Reads the entries of NAME, after the id. */
export function readNames(reader: Reader): NameEntry[] {
  const count = reader.u32();
  const entries: NameEntry[] = [];
  for (let index = 0; index < count; index++) {
    const name = reader.name();
    const longname = reader.name();
    entries.push({ name, longname, attrs: readAttrs(reader) });
  }
  return entries;
}

export function writeNames(writer: Writer, id: number, entries: readonly NameEntry[]): void {
  const countAt = beginNames(writer, id);
  for (const { name, longname, attrs } of entries) {
    writeName(writer, name, longname, attrs);
  }
  endNames(writer, countAt, entries.length);
}

/** Begins NAME, and returns the mark that {@linkcode endNames} wants. */
export function beginNames(writer: Writer, id: number): number {
  writer.begin(PacketType.NAME);
  writer.u32(id);
  const countAt = writer.position;
  writer.u32(0);
  return countAt;
}

/** Writes one entry of NAME. */
function writeName(
  writer: Writer,
  name: string,
  longname: string,
  attrs: FileAttrs,
): void {
  writer.name(name);
  writer.name(longname);
  writeAttrs(writer, attrs);
}

/** Ends NAME, which holds `count` entries. */
export function endNames(writer: Writer, countAt: number, count: number): void {
  writer.setU32(countAt, count);
  writer.end();
}

export function writeAttrsReply(writer: Writer, id: number, attrs: FileAttrs): void {
  writer.begin(PacketType.ATTRS);
  writer.u32(id);
  writeAttrs(writer, attrs);
  writer.end();
}

/** Writes EXTENDED_REPLY whose body `write` writes. */
export function writeExtendedReply<T>(
  writer: Writer,
  id: number,
  body: { readonly value: T; readonly write: (writer: Writer, value: T) => void },
): void {
  writer.begin(PacketType.EXTENDED_REPLY);
  writer.u32(id);
  body.write(writer, body.value);
  writer.end();
}
