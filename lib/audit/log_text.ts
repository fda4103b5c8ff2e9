/**
 * The text of a log's lines: which characters they may contain, and how times are written.
 *
 * @module
 */

import { encodeName } from "../names.ts";
import { localTime, offsetAt } from "../session/zone/local_time.ts";

// Controls (C0, DEL, C1), line separators, invisible formatting characters (marks that change the
// direction of text, joiners, tags), and bytes that are not UTF-8: none of them may change how the
// lines look to a reader.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** As {@linkcode UNSAFE}, and the backslash. */
const ESCAPED = /[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Most lines contain only these characters, and need no escaping. */
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/** Writes what could fake or hide a line as octal bytes, for a person to read. */
export function escapeControls(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, octal);
}

/**
 * As {@linkcode escapeControls}, with backslashes doubled, as in vis(3): a line has only one
 * meaning.
 */
export function escapeLine(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(ESCAPED, (found) => found === "\\" ? "\\\\" : octal(found));
}

/**
 * As {@linkcode escapeControls}, for JSON text: uses JSON's own escapes, so that its meaning stays
 * the same.
 */
export function escapeJson(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, jsonEscape);
}

/**
 * A text as one word that ends where a log's reader takes a program's name to end: spaces, brackets
 * and colons are octal bytes, too.
 */
export function escapeWord(text: string): string {
  return text.replace(/[\\\s()[\]:\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, octal);
}

function octal(character: string): string {
  return [...encodeName(character)].map((byte) => "\\" + byte.toString(8).padStart(3, "0")).join(
    "",
  );
}

/** A pair of surrogates becomes two escapes. */
function jsonEscape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => "\\u" + character.charCodeAt(at).toString(16).padStart(4, "0"),
  ).join("");
}

/** ISO 8601 with milliseconds, in local time with its offset from UTC. */
export function timestamp(date: Date): string {
  const time = date.getTime();
  const second = Math.floor(time / 1000);
  if (second !== known.second) known = { second, ...secondOf(date) };
  return known.local + String(time - second * 1000).padStart(3, "0") + known.zone;
}

/** The last second that was formatted: most lines of a busy session fall into the same one. */
let known = { second: NaN, local: "", zone: "" };

/** The two parts of a time around its milliseconds. */
function secondOf(date: Date): { readonly local: string; readonly zone: string } {
  const offset = offsetAt(Math.floor(date.getTime() / 1000));
  const ahead = Math.trunc(offset / 60);
  const local = new Date(date.getTime() + offset * 1000).toISOString().slice(0, -"000Z".length);
  const minutes = Math.abs(ahead);
  const zone = `${ahead < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return { local, zone };
}

const encoder = new TextEncoder();

/** Room for most lines; allocating a buffer for each would take as long as all other work on it. */
const room = new Uint8Array(16 * 1024);

/** The bytes of escaped text, in which every byte is UTF-8; lent until the next call. */
export function encodeText(text: string): Uint8Array {
  if (text.length * 3 > room.length) return encoder.encode(text);
  return room.subarray(0, encoder.encodeInto(text, room).written);
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** As syslog(3) writes it, in local time: `Nov  2 08:01:59`. */
export function syslogTime(date: Date): string {
  const { month, day, hour, minute, second } = localTime(Math.floor(date.getTime() / 1000));
  const time = [hour, minute, second].map(two).join(":");
  return `${MONTHS[month]} ${String(day).padStart(2, " ")} ${time}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
