import { assertEquals } from "@std/assert";
import { Longnames } from "../../lib/session/longname.ts";
import type { DirEntry } from "../../lib/storage/storage.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { Writer } from "../../lib/wire/writer.ts";

/** One for all lines, as in a session. */
const longnames = new Longnames();

/** The line that {@linkcode Longnames.write} writes after an entry's name. */
export function longname(entry: DirEntry, now: number): string {
  const out = new Writer();
  out.name(entry.name);
  const lineAt = out.position;
  longnames.write(out, entry, 0, now);
  const reader = new Reader(out.written.subarray(lineAt));
  const line = reader.name();
  assertEquals(reader.remaining, 0);
  return line;
}
