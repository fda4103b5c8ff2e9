/**
 * Requests of SFTP version 3, built before the clock starts.
 *
 * @module
 */

import { PacketType, SFTP_VERSION } from "../../lib/wire/constants.ts";
import { Writer } from "../../lib/wire/writer.ts";
import type { Bytes } from "./libc.ts";

/** Where the id is in a packet: after length and type. */
const ID_AT = 5;

/** Where a handle's bytes are: after id and length. */
const HANDLE_AT = ID_AT + 4 + 4;

/** A field of a request: a `uint32`, a name, or the bytes of a `string`. */
type Field = number | string | Bytes;

/** INIT, which has a version where all others have an id. */
export function initPacket(): Bytes {
  return packet(PacketType.INIT, [SFTP_VERSION]);
}

/** A request with id 0. */
export function request(type: number, ...fields: readonly Field[]): Bytes {
  return packet(type, [0, ...fields]);
}

/** READ or WRITE at position 0, of this many bytes or of these. */
export function transferPacket(type: number, handle: Bytes, data: number | Bytes): Bytes {
  return request(type, handle, 0, 0, data);
}

/** Puts another handle of the same length into a packet. */
export function setHandle(packet: Bytes, handle: Bytes): void {
  packet.set(handle, HANDLE_AT);
}

/** Copies of one packet, one after the other: as many as may be in flight at once. */
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

  /** Sets the position that request number `index`, a READ or WRITE by this handle, is for. */
  place(index: number, handle: Bytes, position: number): void {
    const at = this.#slot(index) + HANDLE_AT + handle.length;
    this.#view.setUint32(at, position / 0x1_0000_0000);
    this.#view.setUint32(at + 4, position);
  }

  #slot(index: number): number {
    return (index % this.slots) * this.packet.length;
  }
}

function packet(type: number, fields: readonly Field[]): Bytes {
  const writer = new Writer();
  writer.begin(type);
  for (const field of fields) {
    if (typeof field === "number") writer.u32(field);
    else if (typeof field === "string") writer.name(field);
    else writer.bytes(field);
  }
  writer.end();
  return writer.written.slice();
}
