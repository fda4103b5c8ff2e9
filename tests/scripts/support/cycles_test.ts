import { assertEquals } from "@std/assert";
import { findCycles } from "../../../scripts/support/cycles.ts";

Deno.test("findCycles() finds none where two ways lead to one node", () => {
  const graph = new Map([["a", ["b", "c"]], ["b", ["d"]], ["c", ["d"]]]);
  assertEquals(findCycles(graph), []);
});

Deno.test("findCycles() finds a node that leads to itself", () => {
  assertEquals(findCycles(new Map([["a", ["a"]]])), [["a"]]);
});

Deno.test("findCycles() finds a cycle once, and not what only leads to it", () => {
  const graph = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["d"]], ["d", ["b"]]]);
  assertEquals(findCycles(graph), [["b", "c", "d"]]);
});

Deno.test("findCycles() finds a shortest cycle of each knot", () => {
  const graph = new Map([
    ["a", ["b", "c"]],
    ["b", ["c"]],
    ["c", ["a"]],
    ["x", ["y"]],
    ["y", ["x"]],
  ]);
  assertEquals(findCycles(graph), [["a", "c"], ["x", "y"]]);
});
