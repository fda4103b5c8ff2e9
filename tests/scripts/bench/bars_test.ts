import { assertEquals } from "@std/assert";
import { judge, verdictLine } from "../../../scripts/bench/bars.ts";
import { gridfs } from "../../../scripts/bench/gridfs.ts";
import { jail } from "../../../scripts/bench/jail.ts";
import { policies } from "../../../scripts/bench/policies.ts";
import { proxy } from "../../../scripts/bench/proxy.ts";
import { STAGE_METRICS } from "../../../scripts/bench/rounds.ts";
import type { Samples } from "../../../scripts/bench/samples.ts";
import type { Bar } from "../../../scripts/bench/subject.ts";

const samples: Samples = {
  r32: { openssh: [10, 10, 10], kernel: [15, 14, 16] },
  "cpu-r32": { openssh: [1, 1, 1], kernel: [1, 1.2, 0.9] },
  peak: { kernel: [60, 81, 70] },
};

const READ: Bar = { metric: "r32", id: "kernel", against: "openssh", atLeast: 1.5 };

Deno.test("judge() compares the median of the ratios with the least that is wanted", () => {
  assertEquals(judge({ samples }, [READ]), [{ bar: READ, value: 1.5, met: true }]);
  assertEquals(judge({ samples }, [{ ...READ, atLeast: 1.51 }])[0]?.met, false);
});

Deno.test("judge() compares a cost with the most that is wanted", () => {
  const bar: Bar = { metric: "cpu-r32", id: "kernel", against: "openssh", atMost: 1 };
  assertEquals(judge({ samples }, [bar])[0]?.met, true);
  assertEquals(judge({ samples }, [{ ...bar, atMost: 0.99 }])[0]?.met, false);
});

Deno.test("judge() takes the largest figure where the bar is about every one", () => {
  const bar: Bar = { metric: "peak", id: "kernel", statistic: "max", atMost: 80 };
  assertEquals(judge({ samples }, [bar]), [{ bar, value: 81, met: false }]);
});

Deno.test("judge() does not call a bar met that was not measured", () => {
  const bar: Bar = { metric: "idle", id: "kernel", atMost: 25 };
  assertEquals(judge({ samples }, [bar]), [{ bar, value: undefined, met: false }]);
});

Deno.test("verdictLine() says what was found and what was wanted", () => {
  const lines = judge({ samples }, [READ, { metric: "peak", id: "kernel", atMost: 50 }, {
    metric: "s1",
    id: "kernel",
    atLeast: 1,
  }]).map((verdict) => verdictLine(verdict, { metrics: STAGE_METRICS }));
  assertEquals(lines, [
    "met    kernel   READ 32 KiB, 64 in flight: 1.50 of openssh (at least 1.5)",
    "MISSED kernel   peak memory: 70.00 MiB (at most 50)",
    "-      kernel   STAT, one at a time: not measured (at least 1)",
  ]);
});

Deno.test("every bar is about a contestant of its subject, and wants something", () => {
  for (const { bars, contestants } of [jail, proxy, gridfs, policies]) {
    assertEquals(bars.filter(({ id }) => !contestants.includes(id)), []);
    const empty = bars.filter(({ atLeast, atMost }) => atLeast === undefined && !atMost);
    assertEquals(empty, []);
  }
});

Deno.test("the jail has 24 bars, the proxy 12, GridFS 2, and each policy one", () => {
  const counts = [jail, proxy, gridfs, policies].map(({ bars }) => bars.length);
  assertEquals(counts, [24, 12, 2, 4]);
});
