import { assertEquals } from "@std/assert";
import { decodeName, encodeName } from "../../lib/names.ts";
import {
  escapeControls,
  escapeJson,
  escapeLine,
  escapeWord,
  syslogTime,
  timestamp,
} from "../../lib/audit/log_text.ts";

/** Text that must not appear in a line unescaped, and its form in words and in JSON. */
const UNSAFE: readonly (readonly [string, string, string])[] = [
  ["\n", "\\012", "\\u000a"],
  ["\0", "\\000", "\\u0000"],
  ["\x1b", "\\033", "\\u001b"],
  ["\x7f", "\\177", "\\u007f"],
  ["\x85", "\\302\\205", "\\u0085"],
  ["\u2028", "\\342\\200\\250", "\\u2028"],
  ["\u202e", "\\342\\200\\256", "\\u202e"],
  ["\u2069", "\\342\\201\\251", "\\u2069"],
  ["\u00ad", "\\302\\255", "\\u00ad"],
  ["\u061c", "\\330\\234", "\\u061c"],
  ["\u200b", "\\342\\200\\213", "\\u200b"],
  ["\u200f", "\\342\\200\\217", "\\u200f"],
  ["\ufeff", "\\357\\273\\277", "\\ufeff"],
  ["\u{e0041}", "\\363\\240\\201\\201", "\\udb40\\udc41"],
  ["\udcff", "\\377", "\\udcff"],
];

Deno.test("escapeControls() writes what could fake a line as octal bytes", () => {
  for (const [character, octal] of UNSAFE) {
    assertEquals(escapeControls(`a${character}b${character}`), `a${octal}b${octal}`);
  }
  assertEquals(escapeControls('Grüße, 日本語 🐟 "a\\b"'), 'Grüße, 日本語 🐟 "a\\b"');
});

Deno.test("escapeLine() doubles backslashes as well, so that a line has only one meaning", () => {
  for (const [character, octal] of UNSAFE) {
    assertEquals(escapeLine(`a${character}b${character}`), `a${octal}b${octal}`);
    assertEquals(escapeLine(octal), octal.replaceAll("\\", "\\\\"));
  }
  assertEquals(escapeLine("Grüße \\ 🐟"), "Grüße \\\\ 🐟");
  // Reading an escaped line gives the text back.
  const texts = ["a\nb", "a\\012b", "\\", "\\\\", "\\n", "\u202e\\342", "\\\udcff", "plain"];
  for (const text of texts) assertEquals(read(escapeLine(text)), text);
});

/** What an escaped line means. */
function read(line: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < line.length; at++) {
    if (line[at] !== "\\") bytes.push(...encodeName(line[at]!));
    else if (line[at + 1] === "\\") bytes.push(line.charCodeAt(++at));
    else bytes.push(parseInt(line.slice(at + 1, at += 3 + 1), 8)), at--;
  }
  return decodeName(new Uint8Array(bytes));
}

Deno.test("escapeWord() leaves one word, without what ends a program's name", () => {
  assertEquals(escapeWord("alice@laptop/ü-1"), "alice@laptop/ü-1");
  assertEquals(escapeWord("a b\t(c)[1]:\\"), "a\\040b\\011\\050c\\051\\1331\\135\\072\\134");
  assertEquals(escapeWord("\u00a0\u202e"), "\\302\\240\\342\\200\\256");
});

Deno.test("escapeJson() escapes the same, and keeps the meaning", () => {
  for (const [character, , escaped] of UNSAFE) {
    assertEquals(escapeJson(`a${character}b${character}`), `a${escaped}b${escaped}`);
    assertEquals(JSON.parse(escapeJson(JSON.stringify(character))), character);
  }
  assertEquals(escapeJson('"Grüße 🐟"'), '"Grüße 🐟"');
});

Deno.test("timestamp() is the local time with its offset from UTC", () => {
  for (const milliseconds of [6, 999, 1000, 61_023, 0]) {
    const date = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, milliseconds));
    const stamp = timestamp(date);
    assertEquals(stamp.length, "2026-01-02T03:04:05.006+00:00".length);
    assertEquals(new Date(stamp).getTime(), date.getTime());
  }
});

Deno.test("syslogTime() is local, with a day of two characters and an English month", () => {
  assertEquals(syslogTime(new Date(2026, 10, 2, 8, 1, 9)), "Nov  2 08:01:09");
  assertEquals(syslogTime(new Date(2026, 4, 31, 23, 59, 0)), "May 31 23:59:00");
});
