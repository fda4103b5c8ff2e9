import { assert, assertEquals, assertThrows } from "@std/assert";
import { chart, readmeBlock, replaceBlock } from "../../../scripts/bench/readme.ts";
import { STAGE_METRICS } from "../../../scripts/bench/rounds.ts";
import type { Samples } from "../../../scripts/bench/samples.ts";
import type { Report } from "../../../scripts/bench/subject.ts";
import { markdownTable } from "../../../scripts/bench/table.ts";

const SAMPLES: Samples = {
  r32: { openssh: [1000, 1000, 1000], kernel: [1500, 1600, 1700], portable: [900, 1200, 1000] },
  r255: { openssh: [2000, 2000, 2000], kernel: [2000, 2500, 2200], portable: [] },
  peak: { openssh: [3, 3, 3], kernel: [60, 63, 66], portable: [70, 70, 70] },
};

Deno.test("markdownTable() has a line for each metric that was measured, in columns", () => {
  const lines = [
    "|                                   | OpenSSH |          Kernel |        Portable |",
    "| --------------------------------- | ------: | --------------: | --------------: |",
    "| READ 32 KiB, 64 in flight (MB/s)  |    1000 | 1600 · **1.60** | 1000 · **1.00** |",
    "| READ 255 KiB, 16 in flight (MB/s) |    2000 | 2200 · **1.10** |               – |",
    "| peak memory (MiB)                 |     3.0 |   63.0 · **21** |   70.0 · **23** |",
  ];
  assertEquals(markdownTable(report(SAMPLES), { spread: false }).split("\n"), lines);
});

Deno.test("markdownTable() shows the least and the most of the pairs where it is asked to", () => {
  const table = markdownTable(report(SAMPLES), { spread: true });
  assert(table.includes("1600 · **1.60** (1.50–1.70)"), table);
});

Deno.test("markdownTable() has no ratios where OpenSSH was not measured", () => {
  const table = markdownTable(report({ r32: { kernel: [1500] } }), { spread: true });
  assert(table.includes("1500 |"), table);
  assert(!table.includes("**"), table);
});

Deno.test("markdownTable() has lines of one length", () => {
  const lines = markdownTable(report(SAMPLES), { spread: true }).split("\n");
  assertEquals(new Set(lines.map((line) => line.length)).size, 1);
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

Deno.test("readmeBlock() names the machine and the day", () => {
  const block = readmeBlock(report(SAMPLES));
  assert(block.includes("`deno task bench` on 2026-01-31: A CPU (2 CPUs), Linux 6"), block);
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
