import { assertEquals } from "@std/assert";
import { blocksAround, growthOf, treeBytes } from "../../lib/quota/growth.ts";
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

Deno.test("the tree of a file in many pieces takes no more than a block for each", () => {
  const units = { ...BLOCKS, nameBytes: 4 * K4 };
  assertEquals([0, 3, 4, 5, 300].map((pieces) => treeBytes(pieces, units)), [
    ...[0, 0, K4, 2 * K4, 3 * K4],
  ]);
  assertEquals(treeBytes(300, { ...BLOCKS, nameBytes: 0 }), 0);
  assertEquals(treeBytes(300, { nameBytes: 4 * K4 }), 0);
});
