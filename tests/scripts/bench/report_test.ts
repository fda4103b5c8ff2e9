import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { gridfs } from "../../../scripts/bench/gridfs.ts";
import { jail } from "../../../scripts/bench/jail.ts";
import { policies } from "../../../scripts/bench/policies.ts";
import { proxy } from "../../../scripts/bench/proxy.ts";
import {
  chart,
  judge,
  markdownTable,
  median,
  readmeBlock,
  replaceBlock,
  type Report,
  summarize,
  verdictLine,
} from "../../../scripts/bench/report.ts";
import { STAGE_METRICS } from "../../../scripts/bench/rounds.ts";
import type { Bar, Samples } from "../../../scripts/bench/subject.ts";

Deno.test("median() takes the middle by value, not by text, or the mean of the two middle ones", () => {
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([100, 9, 20]), 20);
  assertEquals(median([4, 1, 2, 100]), 3);
  assertThrows(() => median([]), RangeError, "nothing");
});

Deno.test("summarize() divides pair by pair, not median by median, and leaves out half a pair", () => {
  const of = (a: number[], b: number[]) =>
    summarize({ m: { a, b } }, { metric: "m", id: "a", against: "b" });
  // The medians are both 20; each pair says something else.
  assertEquals(of([10, 20, 60], [20, 10, 20]), { median: 2, min: 0.5, max: 3 });
  assertEquals(of([8, 9, 5], [4, 0]), { median: 2, min: 2, max: 2 });
  assertEquals(of([1], [0]), undefined);
  assertEquals(summarize({ m: { a: [3, 1] } }, { metric: "m", id: "a" }), {
    median: 2,
    min: 1,
    max: 3,
  });
  assertEquals(summarize({}, { metric: "m", id: "a" }), undefined);
});

const JUDGED: Samples = {
  r32: { openssh: [10, 10, 10], kernel: [15, 14, 16] },
  "cpu-r32": { openssh: [1, 1, 1], kernel: [1, 1.2, 0.9] },
  peak: { kernel: [60, 81, 70] },
};

const READ: Bar = { metric: "r32", id: "kernel", against: "openssh", atLeast: 1.5 };

Deno.test("judge() compares the median of the ratios with the least that is wanted", () => {
  assertEquals(judge({ samples: JUDGED }, [READ]), [{ bar: READ, value: 1.5, met: true }]);
  assertEquals(judge({ samples: JUDGED }, [{ ...READ, atLeast: 1.51 }])[0]?.met, false);
});

Deno.test("judge() compares a cost with the most that is wanted", () => {
  const bar: Bar = { metric: "cpu-r32", id: "kernel", against: "openssh", atMost: 1 };
  assertEquals(judge({ samples: JUDGED }, [bar])[0]?.met, true);
  assertEquals(judge({ samples: JUDGED }, [{ ...bar, atMost: 0.99 }])[0]?.met, false);
});

Deno.test("judge() takes the largest figure where the bar is about every one", () => {
  const bar: Bar = { metric: "peak", id: "kernel", statistic: "max", atMost: 80 };
  assertEquals(judge({ samples: JUDGED }, [bar]), [{ bar, value: 81, met: false }]);
});

Deno.test("judge() does not call a bar met that was not measured", () => {
  const bar: Bar = { metric: "idle", id: "kernel", atMost: 25 };
  assertEquals(judge({ samples: JUDGED }, [bar]), [{ bar, value: undefined, met: false }]);
});

Deno.test("verdictLine() says what was found and what was wanted", () => {
  const lines = judge({ samples: JUDGED }, [READ, { metric: "peak", id: "kernel", atMost: 50 }, {
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

const SAMPLES: Samples = {
  r32: { openssh: [1000, 1000, 1000], kernel: [1500, 1600, 1700], portable: [900, 1200, 1000] },
  r255: { openssh: [2000, 2000, 2000], kernel: [2000, 2500, 2200], portable: [] },
  peak: { openssh: [3, 3, 3], kernel: [60, 63, 66], portable: [70, 70, 70] },
};

Deno.test("markdownTable() has a line for each metric that was measured, in columns", async () => {
  const lines = [
    "|                                   | OpenSSH |          Kernel |        Portable |",
    "| --------------------------------- | ------: | --------------: | --------------: |",
    "| READ 32 KiB, 64 in flight (MB/s)  |    1000 | 1600 · **1.60** | 1000 · **1.00** |",
    "| READ 255 KiB, 16 in flight (MB/s) |    2000 | 2200 · **1.10** |               – |",
    "| peak memory (MiB)                 |     3.0 |   63.0 · **21** |   70.0 · **23** |",
  ];
  const table = await markdownTable(report(SAMPLES), { spread: false });
  assertEquals(table.split("\n"), lines);
});

Deno.test("markdownTable() shows the least and the most of the pairs where it is asked to", async () => {
  const table = await markdownTable(report(SAMPLES), { spread: true });
  assert(table.includes("1600 · **1.60** (1.50–1.70)"), table);
});

Deno.test("markdownTable() has no ratios where OpenSSH was not measured", async () => {
  const table = await markdownTable(report({ r32: { kernel: [1500] } }), { spread: true });
  assert(table.includes("1500 |"), table);
  assert(!table.includes("**"), table);
});

Deno.test("chart() has a bar of the kernel root's ratio for each stage that was measured", () => {
  assertEquals(
    chart(report(SAMPLES)).split("\n"),
    [
      "```mermaid",
      "xychart-beta horizontal",
      `  title "Throughput of the kernel root; OpenSSH's sftp-server is 1"`,
      `  x-axis ["READ 32 KiB, 64 in flight", "READ 255 KiB, 16 in flight"]`,
      "  y-axis 0 --> 2",
      "  bar [1.60, 1.10]",
      "  line [1, 1]",
      "```",
    ],
  );
});

Deno.test("chart() is empty where nothing can be compared", () => {
  assertEquals(chart(report({ r32: { kernel: [1500] } })), "");
});

Deno.test("readmeBlock() names the machine and the day", async () => {
  const block = await readmeBlock(report(SAMPLES));
  assertMatch(block, /`deno task bench` on 2026-01-31: A CPU\s\(2 CPUs\), Linux 6/);
});

Deno.test("replaceBlock() replaces what is between the markers, and nothing else", () => {
  const readme = "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n";
  const replaced = "before\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nafter\n";
  assertEquals(replaceBlock(readme, "new"), replaced);
  assertEquals(replaceBlock(replaced, "new"), replaced);
});

Deno.test("replaceBlock() refuses a README without both markers in their order", () => {
  assertThrows(() => replaceBlock("nothing", "new"), RangeError, "bench:begin");
  assertThrows(() => replaceBlock("<!-- bench:end --><!-- bench:begin -->", "new"), RangeError);
});

function report(samples: Samples): Report {
  return {
    machine: "A CPU (2 CPUs), Linux 6, Deno 2.9 (compiled by Deno 2.6), OpenSSH 9",
    date: "2026-01-31",
    reference: "openssh",
    rounds: 3,
    size: 512,
    contestants: [
      { id: "openssh", name: "OpenSSH" },
      { id: "kernel", name: "Kernel" },
      { id: "portable", name: "Portable" },
    ],
    metrics: STAGE_METRICS,
    samples,
    notes: [],
  };
}
