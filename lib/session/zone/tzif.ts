import { posixZone } from "./posix_zone.ts";
import type { Zone } from "./zone.ts";

const HEADER_BYTES = 44;
const MAGIC = 0x545a6966; // TZif
const TYPE_BYTES = 6;

/** How many of each there are in a block of the file. */
interface Counts {
  readonly utc: number;
  readonly standard: number;
  readonly leaps: number;
  readonly changes: number;
  readonly types: number;
  readonly letters: number;
}

/**
 * The zone of a compiled file of zoneinfo (RFC 8536), read as glibc does; leap
 * seconds are not counted.
 *
 * @returns Undefined if it is not such a file.
 */
export function tzifZone(bytes: Uint8Array): Zone | undefined {
  try {
    return zoneOf(bytes);
  } catch (error) {
    // It is shorter than it says.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function zoneOf(bytes: Uint8Array): Zone | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC) return undefined;
  const isLong = view.getUint8(4) >= 0x32; // Version 2 and later: all again, with 64 bits.
  const start = isLong ? HEADER_BYTES + sizeOf(countsAt(view, 0), 4) : 0;
  const counts = countsAt(view, start);
  const width = isLong ? 8 : 4;
  const timesAt = start + HEADER_BYTES;
  const kindsAt = timesAt + counts.changes * width;
  const typesAt = kindsAt + counts.changes;
  const changes = Array.from({ length: counts.changes }, (_, index) => ({
    at: isLong ? Number(view.getBigInt64(timesAt + index * 8)) : view.getInt32(timesAt + index * 4),
    kind: view.getUint8(kindsAt + index),
  }));
  const types = Array.from({ length: counts.types }, (_, index) => ({
    offset: view.getInt32(typesAt + index * TYPE_BYTES),
    isSummer: view.getUint8(typesAt + index * TYPE_BYTES + 4) !== 0,
  }));
  const first = types.find(({ isSummer }) => !isSummer) ?? types[0];
  if (first === undefined || changes.some(({ kind }) => kind >= types.length)) return undefined;
  const footer = isLong ? textFrom(bytes, start + HEADER_BYTES + sizeOf(counts, 8)) : "";
  const later = posixZone(footer);
  const last = changes.at(-1)?.at ?? Infinity;
  return (seconds) => {
    if (seconds >= last && later !== undefined) {
      const period = later(seconds);
      return { ...period, from: Math.max(period.from, last) };
    }
    const index = countUpTo(seconds, changes);
    return {
      offset: index === 0 ? first.offset : types[changes[index - 1]!.kind]!.offset,
      from: index === 0 ? -Infinity : changes[index - 1]!.at,
      until: changes[index]?.at ?? Infinity,
    };
  };
}

function countsAt(view: DataView, start: number): Counts {
  const [utc = 0, standard = 0, leaps = 0, changes = 0, types = 0, letters = 0] = Array.from(
    { length: 6 },
    (_, index) => view.getUint32(start + 20 + index * 4),
  );
  const counts = { utc, standard, leaps, changes, types, letters };
  if (sizeOf(counts, 4) > view.byteLength) throw new RangeError("The file is too short");
  return counts;
}

/** Bytes of a block after its header, whose times have `width` bytes. */
function sizeOf({ utc, standard, leaps, changes, types, letters }: Counts, width: number): number {
  return changes * (width + 1) + types * TYPE_BYTES + letters + leaps * (width + 4) + standard +
    utc;
}

/** The text between the two newlines that the file ends with. */
function textFrom(bytes: Uint8Array, start: number): string {
  return new TextDecoder().decode(bytes.subarray(start)).split("\n")[1] ?? "";
}

/** How many changes are at or before a time. */
function countUpTo(seconds: number, changes: readonly { readonly at: number }[]): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]!.at <= seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}
