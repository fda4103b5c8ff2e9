/**
 * Packets by their literal bytes, each read, written, cut short and changed.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ProtocolError } from "../../lib/wire/errors.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { Writer } from "../../lib/wire/writer.ts";
import { toHex } from "./hex.ts";

/** The id of every golden packet. */
export const ID = 0x01020304;

/** A packet and what it means. */
export interface Golden<T> {
  /** Its name in a test. */
  readonly name: string;
  /** All of it, from its length field on. */
  readonly packet: Uint8Array;
  /** Bytes in front of what `read` reads: by default length, type and id. */
  readonly header?: number;
  readonly value: T;
  /** Reads everything after the header. */
  read(reader: Reader): T;
  /** Writes the whole packet. */
  write(writer: Writer, value: T): void;
  /** Lengths to which the packet can be cut and still be valid. */
  readonly wholeAt?: readonly number[];
  /** Bytes that `read` leaves; none by default. */
  readonly leftOver?: number;
  /**
   * Whether values that differ in their bytes are read as the same: an unknown attribute flag, a
   * text left out.
   */
  readonly forgiving?: boolean;
}

const LENGTH_TYPE_ID = 9;

/** Tests a packet in every way. */
export function testGolden<T>(golden: Golden<T>): void {
  const { name, packet, header = LENGTH_TYPE_ID } = golden;

  Deno.test(`${name} has the length that its length field tells`, () => {
    assertEquals(new Reader(packet).u32(), packet.length - 4);
  });

  Deno.test(`${name} is read from its bytes, to their end`, () => {
    const reader = new Reader(packet, header);
    assertEquals(golden.read(reader), golden.value);
    assertEquals(reader.remaining, golden.leftOver ?? 0);
  });

  Deno.test(`${name} is written as its bytes`, () => {
    assertEquals(toHex(written(golden, golden.value)), toHex(packet));
  });

  Deno.test(`${name} is refused when it is cut short anywhere`, () => {
    for (let length = header; length < packet.length; length++) {
      // The bytes after the cut stay in the buffer, as those of the next packet would.
      const outcome = attempt(() => golden.read(new Reader(packet, header, length)));
      if (golden.wholeAt?.includes(length)) {
        assert("value" in outcome, `${name} of ${length} bytes is refused`);
      } else {
        assert("refusal" in outcome, `${name} of ${length} bytes is read`);
      }
    }
  });

  Deno.test(`${name} is refused or read as it stands when any byte is changed`, () => {
    for (const mutant of mutants(packet, header)) checkMutant(golden, mutant);
  });
}

function checkMutant<T>(golden: Golden<T>, mutant: Uint8Array): void {
  const { header = LENGTH_TYPE_ID } = golden;
  const reader = new Reader(mutant, header);
  const outcome = attempt(() => golden.read(reader));
  if ("refusal" in outcome) return;
  const { value } = outcome;
  // Beyond 2^53 a number also stands for its neighbors, and does not survive the round trip.
  if (hasUnsafeNumber(value)) return;
  const again = written(golden, value);
  assertEquals(golden.read(new Reader(again, header)), value, toHex(mutant));
  const body = toHex(mutant.subarray(header, mutant.length - reader.remaining));
  // A NUL at the end of a name is dropped, and the packet is shorter by it.
  const isExact = !golden.forgiving && again.length - header === body.length / 2;
  if (isExact) assertEquals(toHex(again.subarray(header)), body);
}

/** The packet with one byte changed, for every byte after the header and to several values. */
function* mutants(packet: Uint8Array, header: number): Generator<Uint8Array> {
  for (let at = header; at < packet.length; at++) {
    const byte = packet[at]!;
    const values = new Set([byte ^ 1, byte ^ 0x80, byte ^ 0xff, (byte + 1) & 0xff, 0, 0x7f, 0xff]);
    values.delete(byte);
    for (const value of values) {
      const mutant = packet.slice();
      mutant[at] = value;
      yield mutant;
    }
  }
}

function written<T>(golden: Golden<T>, value: T): Uint8Array {
  const writer = new Writer(1);
  golden.write(writer, value);
  return writer.written.slice();
}

function attempt<T>(read: () => T): { readonly value: T } | { readonly refusal: ProtocolError } {
  try {
    return { value: read() };
  } catch (error) {
    assertInstanceOf(error, ProtocolError, `${error} is no ProtocolError`);
    return { refusal: error };
  }
}

function hasUnsafeNumber(value: unknown): boolean {
  if (typeof value === "number") return !Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return Object.values(value).some(hasUnsafeNumber);
}
