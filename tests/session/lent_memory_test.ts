import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { LentMemory } from "../../lib/session/lent_memory.ts";
import { fileRows } from "../../lib/session/rows/files.ts";
import { LONG_DATA_LENGTH } from "../../lib/wire/constants.ts";
import { writeData } from "../../lib/wire/replies.ts";
import { Writer } from "../../lib/wire/writer.ts";

const { read, write } = fileRows;

/** Notes what an input is asked to do with a part. */
function notingInput(notes: string[]): LentMemory["input"] {
  const note = (what: string) => (part: Uint8Array) => void notes.push(`${what} ${part.length}`);
  return { keep: note("keep"), release: note("release"), forget: note("forget") };
}

Deno.test("LentMemory uses a READ's buffer again when its reply has been sent, and not before", () => {
  const lent = new LentMemory();
  const replies = new Writer();
  const first = lent.forRead(LONG_DATA_LENGTH);
  writeData(replies, 1, first);
  lent.answered({ row: read, request: undefined }, first);
  assertNotStrictEquals(lent.forRead(LONG_DATA_LENGTH).buffer, first.buffer);
  lent.sent(replies);
  assertStrictEquals(lent.forRead(LONG_DATA_LENGTH).buffer, first.buffer);
});

Deno.test("LentMemory uses a READ's buffer again at once when its data was copied into the reply", () => {
  const lent = new LentMemory();
  const window = lent.forRead(LONG_DATA_LENGTH);
  lent.answered({ row: read, request: undefined }, window.subarray(0, 10));
  assertStrictEquals(lent.forRead(LONG_DATA_LENGTH).buffer, window.buffer);
});

Deno.test("LentMemory never uses a READ's buffer again when the READ has failed", () => {
  const lent = new LentMemory();
  const window = lent.forRead(LONG_DATA_LENGTH);
  lent.failed({ row: read, request: undefined });
  assertNotStrictEquals(lent.forRead(LONG_DATA_LENGTH).buffer, window.buffer);
});

Deno.test("LentMemory releases a WRITE's data when it is answered, and forgets it when it fails", () => {
  const notes: string[] = [];
  const lent = new LentMemory();
  lent.input = notingInput(notes);
  const request = { handle: new Uint8Array(4), offset: 0, data: new Uint8Array(7) };
  lent.answered({ row: write, request }, undefined);
  lent.failed({ row: write, request });
  assertEquals(notes, ["release 7", "forget 7"]);
});

Deno.test("LentMemory leaves a request its data and its room after the replies", () => {
  const notes: string[] = [];
  const lent = new LentMemory();
  lent.input = notingInput(notes);
  const replies = new Writer();
  replies.raw(Uint8Array.of(1, 2, 3));
  const window = replies.window(13, 100);
  const request = { handle: new Uint8Array(4), offset: 0, data: new Uint8Array(7) };
  const fresh = lent.leave({ row: write, request }, replies);
  fresh.raw(new Uint8Array(200).fill(9));
  assertEquals(notes, ["keep 7"]);
  assertEquals(fresh.written.subarray(0, 3), Uint8Array.of(1, 2, 3));
  assertEquals(window, new Uint8Array(100));
});
