/**
 * Requests of SFTP version 3, built once before the clock starts.
 *
 * @module
 */

import { PacketType, SFTP_VERSION } from "../../lib/wire/constants.ts";
import { Writer } from "../../lib/wire/writer.ts";
import type { Bytes } from "./libc.ts";

/** Where the id stands in a packet: behind length and type. */
const ID_AT = 5;

/** Where a handle's bytes stand: behind id and length. */
const HANDLE_AT = ID_AT + 4 + 4;

/** Writes the fields of a packet behind its type. */
type Fields = (writer: Writer) => void;

/** INIT, which has a version where all others have an id. */
export function initPacket(): Bytes {
  return packet(PacketType.INIT, (writer) => writer.u32(SFTP_VERSION));
}

/** STAT, REALPATH or OPENDIR: a name, and nothing else. */
export function namePacket(type: number, name: string): Bytes {
  return request(type, (writer) => writer.name(name));
}

/** MKDIR without attributes. */
export function mkdirPacket(name: string): Bytes {
  return request(PacketType.MKDIR, (writer) => {
    writer.name(name);
    writer.u32(0);
  });
}

/** RENAME. */
export function renamePacket(from: string, to: string): Bytes {
  return request(PacketType.RENAME, (writer) => {
    writer.name(from);
    writer.name(to);
  });
}

/** OPEN without attributes. */
export function openPacket(name: string, flags: number): Bytes {
  return request(PacketType.OPEN, (writer) => {
    writer.name(name);
    writer.u32(flags);
    writer.u32(0);
  });
}

/** CLOSE or READDIR: a handle, and nothing else. */
export function handlePacket(type: number, handle: Bytes): Bytes {
  return request(type, (writer) => writer.bytes(handle));
}

/** READ at position 0. */
export function readPacket(handle: Bytes, length: number): Bytes {
  return request(PacketType.READ, (writer) => {
    writer.bytes(handle);
    writer.u64(0);
    writer.u32(length);
  });
}

/** WRITE at position 0. */
export function writePacket(handle: Bytes, data: Bytes): Bytes {
  return request(PacketType.WRITE, (writer) => {
    writer.bytes(handle);
    writer.u64(0);
    writer.bytes(data);
  });
}

/** Where the position stands in a READ or WRITE with this handle. */
export function positionAt(handle: Bytes): number {
  return HANDLE_AT + handle.length;
}

/** Puts another handle of the same length into a packet. */
export function setHandle(packet: Bytes, handle: Bytes): void {
  packet.set(handle, HANDLE_AT);
}

/** As many copies of one packet, one behind the other, as may be on their way at once. */
export class Ring {
  readonly bytes: Bytes;
  readonly #view: DataView;

  /** @param packet What each slot holds. */
  constructor(readonly packet: Bytes, readonly slots: number) {
    this.bytes = new Uint8Array(packet.length * slots);
    for (let slot = 0; slot < slots; slot++) this.bytes.set(packet, slot * packet.length);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes the slot of request number `index` that request. */
  number(index: number): void {
    this.#view.setUint32(this.#slot(index) + ID_AT, index);
  }

  /** Sets the position at an offset of the packet of request number `index`. */
  place(index: number, offset: number, position: number): void {
    const at = this.#slot(index) + offset;
    this.#view.setUint32(at, position / 0x1_0000_0000);
    this.#view.setUint32(at + 4, position);
  }

  #slot(index: number): number {
    return (index % this.slots) * this.packet.length;
  }
}

/** A packet whose id is 0. */
function request(type: number, fields: Fields): Bytes {
  return packet(type, (writer) => {
    writer.u32(0);
    fields(writer);
  });
}

function packet(type: number, fields: Fields): Bytes {
  const writer = new Writer();
  writer.begin(type);
  fields(writer);
  writer.end();
  return writer.written.slice();
}
