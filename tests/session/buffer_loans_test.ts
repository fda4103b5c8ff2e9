import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BufferLoans } from "../../lib/session/buffer_loans.ts";
import { fileRows } from "../../lib/session/rows/files.ts";
import { LONG_DATA_LENGTH } from "../../lib/wire/constants.ts";
import { writeData } from "../../lib/wire/replies.ts";
import { Writer } from "../../lib/wire/writer.ts";

const { read, write } = fileRows;

/** Notes what an input is asked to do with a part. */
function notingInput(notes: string[]): BufferLoans["input"] {
  const note = (what: string) => (part: Uint8Array) => void notes.push(`${what} ${part.length}`);
  return { keep: note("keep"), release: note("release"), forget: note("forget") };
}

Deno.test("BufferLoans uses a READ's buffer again when its reply has been sent, and not before", () => {
  const loans = new BufferLoans();
  const replies = new Writer();
  const first = loans.forRead(LONG_DATA_LENGTH);
  writeData(replies, 1, first);
  loans.answered({ row: read, request: undefined }, first);
  assertNotStrictEquals(loans.forRead(LONG_DATA_LENGTH).buffer, first.buffer);
  loans.sent(replies);
  assertStrictEquals(loans.forRead(LONG_DATA_LENGTH).buffer, first.buffer);
});

Deno.test("BufferLoans uses a READ's buffer again at once when its data was copied into the reply", () => {
  const loans = new BufferLoans();
  const window = loans.forRead(LONG_DATA_LENGTH);
  loans.answered({ row: read, request: undefined }, window.subarray(0, 10));
  assertStrictEquals(loans.forRead(LONG_DATA_LENGTH).buffer, window.buffer);
});

Deno.test("BufferLoans never uses a READ's buffer again when the READ has failed", () => {
  const loans = new BufferLoans();
  const window = loans.forRead(LONG_DATA_LENGTH);
  loans.failed({ row: read, request: undefined });
  assertNotStrictEquals(loans.forRead(LONG_DATA_LENGTH).buffer, window.buffer);
});

Deno.test("BufferLoans releases a WRITE's data when it is answered, and forgets it when it fails", () => {
  const notes: string[] = [];
  const loans = new BufferLoans();
  loans.input = notingInput(notes);
  const request = { handle: new Uint8Array(4), offset: 0, data: new Uint8Array(7) };
  loans.answered({ row: write, request }, undefined);
  loans.failed({ row: write, request });
  assertEquals(notes, ["release 7", "forget 7"]);
});

Deno.test("BufferLoans leaves a request its data and its room after the replies", () => {
  const notes: string[] = [];
  const loans = new BufferLoans();
  loans.input = notingInput(notes);
  const replies = new Writer();
  replies.raw(Uint8Array.of(1, 2, 3));
  const window = replies.window(13, 100);
  const request = { handle: new Uint8Array(4), offset: 0, data: new Uint8Array(7) };
  const fresh = loans.leave({ row: write, request }, replies);
  fresh.raw(new Uint8Array(200).fill(9));
  assertEquals(notes, ["keep 7"]);
  assertEquals(fresh.written.subarray(0, 3), Uint8Array.of(1, 2, 3));
  assertEquals(window, new Uint8Array(100));
});
