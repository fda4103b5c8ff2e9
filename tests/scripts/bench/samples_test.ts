import { assertEquals, assertThrows } from "@std/assert";
import { median, summarize, summarizeRatios } from "../../../scripts/bench/samples.ts";

Deno.test("median() takes the middle by value, not by text, or the mean of the two middle ones", () => {
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([100, 9, 20]), 20);
  assertEquals(median([4, 1, 2, 100]), 3);
});

Deno.test("median() refuses nothing", () => {
  assertThrows(() => median([]), RangeError, "nothing");
});

Deno.test("summarize() has nothing to say of no rounds", () => {
  assertEquals(summarize([3, 1]), { median: 2, min: 1, max: 3 });
  assertEquals(summarize([]), undefined);
});

Deno.test("summarizeRatios() divides pair by pair, not median by median", () => {
  // The medians are both 20; each pair says something else.
  assertEquals(summarizeRatios([10, 20, 60], [20, 10, 20]), { median: 2, min: 0.5, max: 3 });
});

Deno.test("summarizeRatios() leaves out a round of which one is missing or zero", () => {
  assertEquals(summarizeRatios([8, 9, 5], [4, 0]), { median: 2, min: 2, max: 2 });
  assertEquals(summarizeRatios([1], [0]), undefined);
});
