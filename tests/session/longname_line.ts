import { assertEquals } from "@std/assert";
import { writeLongname } from "../../lib/session/longname.ts";
import type { DirEntry } from "../../lib/storage/storage.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { Writer } from "../../lib/wire/writer.ts";

/** The line that {@linkcode writeLongname} writes behind an entry's name. */
export function longname(entry: DirEntry, now: number): string {
  const out = new Writer();
  out.name(entry.name);
  const lineAt = out.position;
  writeLongname(out, entry, 0, now);
  const reader = new Reader(out.written.subarray(lineAt));
  const line = reader.name();
  assertEquals(reader.remaining, 0);
  return line;
}
