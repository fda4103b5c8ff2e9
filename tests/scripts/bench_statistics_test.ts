import { assertEquals, assertThrows } from "@std/assert";
import { median, summarize, summarizeRatios } from "../../scripts/bench/statistics.ts";

Deno.test("median() takes the middle, whatever the order", () => {
  assertEquals(median([9, 1, 5]), 5);
});

Deno.test("median() orders by value, not by text", () => {
  assertEquals(median([100, 9, 20]), 20);
});

Deno.test("median() takes the mean of the two middle ones", () => {
  assertEquals(median([4, 1, 2, 100]), 3);
});

Deno.test("median() refuses nothing", () => {
  assertThrows(() => median([]), RangeError, "nothing");
});

Deno.test("summarize() leaves out the rounds without a figure", () => {
  assertEquals(summarize([3, null, 1]), { median: 2, min: 1, max: 3 });
});

Deno.test("summarize() has nothing to say where no round has a figure", () => {
  assertEquals(summarize([null, null]), undefined);
  assertEquals(summarize([]), undefined);
});

Deno.test("summarizeRatios() divides pair by pair, not median by median", () => {
  // The medians are both 20; each pair says something else.
  assertEquals(summarizeRatios([10, 20, 60], [20, 10, 20]), { median: 2, min: 0.5, max: 3 });
});

Deno.test("summarizeRatios() leaves out a pair of which one is missing", () => {
  assertEquals(summarizeRatios([null, 8, 9, 5], [1, 4, null]), { median: 2, min: 2, max: 2 });
});

Deno.test("summarizeRatios() divides by nothing that is zero", () => {
  assertEquals(summarizeRatios([1], [0]), undefined);
});
