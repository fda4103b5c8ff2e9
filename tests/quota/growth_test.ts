import { assertEquals } from "@std/assert";
import { blocksAround, growthOf, usageWhileOpen } from "../../lib/quota/growth.ts";
import type { NodeUsage } from "../../lib/storage/storage.ts";

const K4 = 4096;
const BLOCKS = { blockBytes: K4 };

function file(size: number, bytes: number): NodeUsage {
  return { size, bytes, identity: "1", links: 1 };
}

Deno.test("a write touches the blocks that it begins, fills and ends in", () => {
  assertEquals(blocksAround(0, 1, K4), K4);
  assertEquals(blocksAround(0, K4, K4), K4);
  assertEquals(blocksAround(1, K4, K4), 2 * K4);
  assertEquals(blocksAround(K4 - 1, 2, K4), 2 * K4);
  assertEquals(blocksAround(10 * K4, 3 * K4, K4), 3 * K4);
});

Deno.test("a write at the end, wherever that is, touches a block more", () => {
  assertEquals(blocksAround(undefined, 1, K4), 2 * K4);
  assertEquals(blocksAround(undefined, K4, K4), 2 * K4);
});

Deno.test("a write to what has all its blocks adds none", () => {
  assertEquals(growthOf(file(8 * K4, 8 * K4), 100, 3 * K4, BLOCKS), 0);
  assertEquals(growthOf(file(K4 - 10, K4), K4 - 10, 10, BLOCKS), 0);
});

Deno.test("a write beyond the end adds its own blocks, and none for the hole", () => {
  assertEquals(growthOf(file(K4, K4), K4, 1, BLOCKS), K4);
  assertEquals(growthOf(file(K4, K4), 1000 * K4, K4, BLOCKS), K4);
  assertEquals(growthOf(file(K4, K4), K4 - 1, 2, BLOCKS), K4);
});

Deno.test("a write to a file with holes fills no more than there are", () => {
  assertEquals(growthOf(file(100 * K4, 98 * K4), 0, 50 * K4, BLOCKS), 2 * K4);
  assertEquals(growthOf(file(100 * K4, 0), 0, 50 * K4, BLOCKS), 50 * K4);
});

Deno.test("where sizes count, a write adds what it makes the file longer, holes and all", () => {
  const sizes = { blockBytes: undefined };
  assertEquals(growthOf(file(10, 10), 0, 10, sizes), 0);
  assertEquals(growthOf(file(10, 10), 5, 10, sizes), 5);
  assertEquals(growthOf(file(10, 10), 100, 10, sizes), 100);
  assertEquals(growthOf(file(10, 10), undefined, 10, sizes), 10);
});

Deno.test("blocks that are kept ahead for an open file do not count, those of its tree do", () => {
  assertEquals(usageWhileOpen(file(K4, 2 * K4), BLOCKS).bytes, 2 * K4);
  assertEquals(usageWhileOpen(file(K4, 16 * K4), BLOCKS).bytes, 2 * K4);
  assertEquals(usageWhileOpen(file(640 * K4, 660 * K4), BLOCKS).bytes, 650 * K4);
  assertEquals(usageWhileOpen(file(K4, 16 * K4), { blockBytes: undefined }).bytes, 16 * K4);
});
