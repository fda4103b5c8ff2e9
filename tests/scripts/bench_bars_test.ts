import { assert, assertEquals } from "@std/assert";
import { type Bar, BARS, judge, verdictLine } from "../../scripts/bench/bars.ts";
import { METRICS } from "../../scripts/bench/metrics.ts";
import type { Samples } from "../../scripts/bench/samples.ts";

const SAMPLES: Samples = {
  r32: { openssh: [10, 10, 10], kernel: [15, 14, 16] },
  "cpu-r32": { openssh: [1, 1, 1], kernel: [1, 1.2, 0.9] },
  peak: { kernel: [60, 81, 70] },
};

const READ: Bar = { metric: "r32", id: "kernel", against: "openssh", atLeast: 1.5 };

Deno.test("judge() holds the median of the ratios against the least that is wanted", () => {
  assertEquals(judge(SAMPLES, [READ]), [{ bar: READ, value: 1.5, met: true }]);
  assertEquals(judge(SAMPLES, [{ ...READ, atLeast: 1.51 }])[0]?.met, false);
});

Deno.test("judge() holds a cost against the most that is wanted", () => {
  const bar: Bar = { metric: "cpu-r32", id: "kernel", against: "openssh", atMost: 1 };
  assertEquals(judge(SAMPLES, [bar])[0]?.met, true);
  assertEquals(judge(SAMPLES, [{ ...bar, atMost: 0.99 }])[0]?.met, false);
});

Deno.test("judge() takes the largest figure where the bar is about every one", () => {
  const bar: Bar = { metric: "peak", id: "kernel", statistic: "max", atMost: 80 };
  assertEquals(judge(SAMPLES, [bar]), [{ bar, value: 81, met: false }]);
});

Deno.test("judge() does not call a bar met that was not measured", () => {
  const bar: Bar = { metric: "idle", id: "kernel", atMost: 25 };
  assertEquals(judge(SAMPLES, [bar]), [{ bar, value: undefined, met: false }]);
});

Deno.test("verdictLine() says what was found and what was wanted", () => {
  const [verdict] = judge(SAMPLES, [READ]);
  assert(verdict !== undefined);
  const line = "met    kernel   READ 32 KiB, 64 in flight: 1.50 of openssh (at least 1.5)";
  assertEquals(verdictLine(verdict), line);
});

Deno.test("BARS are about metrics that there are, and each wants something", () => {
  const known = METRICS.map(({ id }) => id);
  assertEquals(BARS.filter(({ metric }) => !known.includes(metric)), []);
  assertEquals(
    BARS.filter(({ atLeast, atMost }) => atLeast === undefined && atMost === undefined),
    [],
  );
});
