/**
 * The values of metadata. Headers hold ASCII: anything else is sent as an encoded word (RFC 2047),
 * which is how S3 itself answers with such text.
 *
 * @module
 */

import { decodeName, encodeName } from "../../../names.ts";

/** The only kind of encoded word that S3 makes, once or several times. */
const ENCODED_WORDS = /^(?:=\?utf-8\?[bq]\?[^?\s]*\?=\s*)+$/i;

/** A value as a header holds it. */
export function encodeValue(value: string): string {
  const isPlain = /^[\x20-\x7e]*$/.test(value) && value.trim() === value;
  if (isPlain && !value.startsWith("=?")) return value;
  return `=?UTF-8?B?${btoa(String.fromCharCode(...encodeName(value)))}?=`;
}

/** The value that a header holds; some servers send UTF-8 as it is. */
export function decodeValue(value: string): string {
  if (!ENCODED_WORDS.test(value)) return decodeBytes(value);
  const words = value.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi);
  return decodeBytes(
    [...words].map(([, kind, text]) => decodeWord(kind ?? "", text ?? "")).join(""),
  );
}

function decodeWord(kind: string, text: string): string {
  if (kind.toLowerCase() === "b") return decodeBase64(text);
  return text.replaceAll("_", " ")
    .replace(/=([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

function decodeBase64(text: string): string {
  try {
    return atob(text);
  } catch (error) {
    // Another program has written it: it is shown as it is.
    if (error instanceof DOMException) return text;
    throw error;
  }
}

/** A character for each byte, as text. */
function decodeBytes(characters: string): string {
  if (!/[\x80-\xff]/.test(characters)) return characters;
  return decodeName(Uint8Array.from(characters, (character) => character.charCodeAt(0)));
}
