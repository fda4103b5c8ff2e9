/**
 * File names: bytes on the wire, strings inside.
 *
 * A name is decoded as UTF-8, and each byte that is not valid UTF-8 becomes a lone surrogate U+DC80
 * to U+DCFF (Python's `surrogateescape`, PEP 383), so that every name survives a round trip byte
 * for byte.
 *
 * @module
 */

/** Bytes of the longest character in UTF-8. */
const MAX_CHARACTER_BYTES = 4;

const SHORT_NAME_BYTES = 64;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Decodes the bytes from `start` to `end` as a name. */
export function decodeName(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start <= SHORT_NAME_BYTES) {
    // Most names are short and ASCII; for those a loop beats TextDecoder.
    let name = "";
    let at = start;
    // Four at a time create a quarter of the strings that one at a time would.
    for (; at + 4 <= end; at += 4) {
      const one = bytes[at]!;
      const two = bytes[at + 1]!;
      const three = bytes[at + 2]!;
      const four = bytes[at + 3]!;
      if ((one | two | three | four) >= 0x80) return decodeAny(bytes.subarray(start, end));
      name += String.fromCharCode(one, two, three, four);
    }
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) return decodeAny(bytes.subarray(start, end));
      name += String.fromCharCode(byte);
    }
    return name;
  }
  return decodeAny(bytes.subarray(start, end));
}

/** Encodes a name as the bytes that it stands for. */
export function encodeName(name: string): Uint8Array {
  const bytes = new Uint8Array(name.length * 3);
  return bytes.subarray(0, encodeNameInto(name, bytes, 0));
}

/** The beginning of a name in at most this many bytes, with no character cut in two. */
export function cutName(name: string, most: number): string {
  if (name.length * 3 <= most) return name;
  // Every character takes at least one byte.
  const bytes = encodeName(name.slice(0, most + 1));
  if (bytes.length <= most) return name;
  let end = most;
  while (end > most - MAX_CHARACTER_BYTES && isContinuation(bytes[end]!)) end--;
  return decodeName(bytes, 0, isContinuation(bytes[end]!) ? most : end);
}

/**
 * Writes a name's bytes into `target` at `at`, which must have room for
 * three bytes a character, and returns how many it wrote.
 */
export function encodeNameInto(name: string, target: Uint8Array, at: number): number {
  const length = name.length;
  for (let index = 0; index < length; index++) {
    const code = name.charCodeAt(index);
    if (code >= 0x80) return encodeAny(name, target.subarray(at));
    target[at + index] = code;
  }
  return length;
}

/** Whether a name carries bytes that are not UTF-8. */
export function hasRawBytes(name: string): boolean {
  return !name.isWellFormed();
}

function decodeAny(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return decodeEscaping(bytes);
    throw error;
  }
}

function decodeEscaping(bytes: Uint8Array): string {
  let name = "";
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    name += length === 0
      ? String.fromCharCode(0xdc00 + bytes[at]!)
      : decoder.decode(bytes.subarray(at, at + length));
    at += length || 1;
  }
  return name;
}

/** Length of the well-formed UTF-8 sequence at `at` (Unicode, table 3-7), or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead <= 0xdf
    ? 2
    : lead >= 0xe0 && lead <= 0xef
    ? 3
    : lead >= 0xf0 && lead <= 0xf4
    ? 4
    : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let index = 2; index < length; index++) {
    if ((bytes[at + index]! & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function encodeAny(name: string, target: Uint8Array): number {
  if (name.isWellFormed()) return encoder.encodeInto(name, target).written;
  let written = 0;
  for (const character of name) {
    const code = character.charCodeAt(0);
    if (character.length === 1 && code >= 0xdc80 && code <= 0xdcff) {
      target[written++] = code - 0xdc00;
    } else {
      written += encoder.encodeInto(character, target.subarray(written)).written;
    }
  }
  return written;
}

/** Whether a byte is one that UTF-8 writes after the first byte of a character. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
