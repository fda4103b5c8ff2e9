/**
 * Files whose bytes say where they belong, so that a difference shows where it comes from.
 *
 * @module
 */

/** Each record contains a mark, its file, the round in which it was made, and its position. */
const RECORD_BYTES = 16;
const MARK = 0xa5e7;

/** No file of a test is longer; a record beyond this is put together from two records. */
const FURTHEST = 0xffff_ffffn;

/** The most ranges to report for one difference. */
const MAX_TOLD = 20;

/** Which file, among others of its time and those of other times. */
export interface RecordedFile {
  readonly file: number;
  readonly round: number;
}

/** The bytes of a file from `offset` on. */
export function recordsOf(
  { file, round }: RecordedFile,
  length: number,
  offset = 0,
): Uint8Array<ArrayBuffer> {
  const skipped = offset % RECORD_BYTES;
  const count = Math.ceil((skipped + length) / RECORD_BYTES);
  const bytes = new Uint8Array(count * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < count; index++) {
    const at = index * RECORD_BYTES;
    view.setUint16(at, MARK);
    view.setUint16(at + 2, file);
    view.setUint32(at + 4, round);
    view.setBigUint64(at + 8, BigInt(offset - skipped + at));
  }
  return bytes.subarray(skipped, skipped + length);
}

/**
 * Where bytes differ from the expected bytes of a file, and where they come from instead; a line
 * each, none if they are the same.
 */
export function differences(bytes: Uint8Array, of: RecordedFile, length: number): string[] {
  const wanted = recordsOf(of, length);
  const lines = bytes.length === length ? [] : [`${bytes.length} bytes instead of ${length}`];
  let last: { start: number; end: number; from: string; step: number } | undefined;
  const ranges: NonNullable<typeof last>[] = [];
  const end = Math.min(bytes.length, length);
  for (let at = 0; at < end; at += RECORD_BYTES) {
    const stop = Math.min(at + RECORD_BYTES, end);
    if (isSame(bytes, wanted, at, stop)) continue;
    const { from, step } = originOf(bytes, at);
    if (last?.end === at && last.from === from && last.step === step) {
      last.end = stop;
    } else {
      ranges.push(last = { start: at, end: stop, from, step });
    }
  }
  for (const { start, end, from, step } of ranges.slice(0, MAX_TOLD)) {
    const place = Number.isNaN(step) ? "" : ` from ${start + step} on`;
    lines.push(`bytes ${start} to ${end} are ${from}${place}`);
  }
  if (ranges.length > MAX_TOLD) lines.push(`and ${ranges.length - MAX_TOLD} ranges more`);
  return lines;
}

/** What a record says about itself, and how far it is from where it belongs. */
function originOf(bytes: Uint8Array, at: number): { from: string; step: number } {
  const record = bytes.subarray(at, at + RECORD_BYTES);
  if (record.every((byte) => byte === 0)) return { from: "zeros", step: NaN };
  // Bytes that were moved by the length of a packet's header lie between two records.
  for (let shift = 0; shift < RECORD_BYTES; shift++) {
    const place = at + shift;
    if (place + RECORD_BYTES > bytes.length) break;
    const view = new DataView(bytes.buffer, bytes.byteOffset + place, RECORD_BYTES);
    if (view.getUint16(0) !== MARK) continue;
    const [file, round] = [view.getUint16(2), view.getUint32(4)];
    const offset = view.getBigUint64(8);
    if (offset > FURTHEST) continue;
    return { from: `of file ${file}, round ${round}`, step: Number(offset) - place };
  }
  return { from: "of no file", step: NaN };
}

function isSame(one: Uint8Array, other: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (one[at] !== other[at]) return false;
  return true;
}
