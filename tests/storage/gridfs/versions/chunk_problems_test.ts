import { assertEquals } from "@std/assert";
import { Binary } from "mongodb";
import {
  bytesIn,
  bytesOf,
  foundIn,
  problemWithChunk,
} from "../../../../lib/storage/gridfs/versions/chunk_problems.ts";

const LAYOUT = { length: 25, chunkSize: 10 };

function told(n: number, ...found: readonly (readonly [n: unknown, bytes: number | undefined])[]) {
  return problemWithChunk(n, { found: found.map(([n, bytes]) => ({ n, bytes })), layout: LAYOUT });
}

Deno.test("problemWithChunk() accepts a chunk that exists once and has the right length", () => {
  assertEquals(told(0, [0, 10]), undefined);
  assertEquals(told(2, [2, 5]), undefined);
  assertEquals(told(2, [2, 5], [3, 0]), undefined);
});

Deno.test("problemWithChunk() reports what the drivers refuse", () => {
  assertEquals(told(0), "chunk 0 of the file is missing");
  assertEquals(told(0, [1, 10]), "chunk 0 of the file is missing");
  assertEquals(told(0, [null, 10]), "chunk 0 of the file is missing");
  assertEquals(told(0, [0, 9]), "chunk 0 of the file is too short");
  assertEquals(told(2, [2, 10]), "chunk 2 of the file is too long");
  assertEquals(told(0, [0, undefined]), "chunk 0 of the file holds no bytes");
  assertEquals(told(0, [0, 10], [0, 10]), "chunk 0 of the file is there twice");
  assertEquals(told(2, [2, 5], [3, 1]), "chunk 2 of the file is not its last");
});

Deno.test("foundIn() and bytesOf() accept bytes, and nothing else", () => {
  const bytes = new Uint8Array(3);
  assertEquals(foundIn({ n: 1, data: new Binary(bytes) }), { n: 1, bytes: 3 });
  assertEquals(foundIn({ n: 1, data: bytes }), { n: 1, bytes: 3 });
  for (const data of [undefined, null, "abc", 3, [1, 2, 3], { buffer: bytes }]) {
    assertEquals(bytesOf(data), undefined);
  }
});

Deno.test("bytesIn() returns the length of each chunk", () => {
  assertEquals([0, 1, 2, 3].map((n) => bytesIn(n, LAYOUT)), [10, 10, 5, 0]);
});
