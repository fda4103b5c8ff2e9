import { assertEquals } from "@std/assert";
import { ALONE, eachOf, inOrder, RunReport, testArguments } from "../../scripts/test.ts";

const FLAGS = ["test", "--allow-all", "--no-prompt", "--no-check"];
const QUICK = [...FLAGS, "--ignore=tests/long"];

/** The paths that exist in these tests. */
function exists(path: string): boolean {
  return path === "tests/wire";
}

Deno.test("testArguments() runs everything but the long tests", () => {
  assertEquals(testArguments([], exists), {
    long: false,
    args: [...QUICK, "tests"],
    paths: ["tests"],
  });
});

Deno.test("testArguments() runs everything with --long", () => {
  assertEquals(testArguments(["--long"], exists), {
    long: true,
    args: [...FLAGS, "tests"],
    paths: ["tests"],
  });
});

Deno.test("testArguments() runs only the folder it is given", () => {
  const { args, paths } = testArguments(["tests/wire"], exists);
  assertEquals({ args, paths }, { args: [...QUICK, "tests/wire"], paths: ["tests/wire"] });
});

Deno.test("testArguments() runs a folder that is not there, for Deno to say so", () => {
  const { args, paths } = testArguments(["tests/wired"], exists);
  assertEquals({ args, paths }, { args: [...QUICK, "tests/wired"], paths: undefined });
});

Deno.test("testArguments() takes a word that is no path as part of a name", () => {
  assertEquals(testArguments(["longname"], exists), {
    long: false,
    args: [...QUICK, "--filter", "longname", "tests"],
    paths: undefined,
  });
});

Deno.test("testArguments() passes options of deno test on", () => {
  assertEquals(testArguments(["--fail-fast", "--filter", "tests/wire"], exists).args, [
    ...QUICK,
    "--fail-fast",
    "--filter",
    "tests/wire",
    "tests",
  ]);
});

Deno.test("an option of deno test makes one process run everything", () => {
  assertEquals(testArguments(["tests/wire", "--fail-fast"], exists).paths, undefined);
  assertEquals(testArguments(["--long", "tests/wire"], exists).paths, ["tests/wire"]);
});

Deno.test("inOrder() starts slow folders first, and puts last what must run alone", () => {
  const files = [
    ...["tests/wire/a_test.ts", "tests/transport/timeouts_test.ts", "tests/jail/b_test.ts"],
    ...["tests/clients/c_test.ts", "tests/wire/a_test.ts"],
  ];
  assertEquals(inOrder(files), {
    together: ["tests/clients/c_test.ts", "tests/jail/b_test.ts", "tests/wire/a_test.ts"],
    alone: ["tests/transport/timeouts_test.ts"],
  });
});

Deno.test("each file that must run alone exists", () => {
  const folder = new URL("../../", import.meta.url);
  for (const file of ALONE) Deno.statSync(new URL(file, folder));
});

Deno.test("eachOf() does everything once, and never more at once than it may", async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await eachOf([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve));
    running--;
    done.push(item);
  });
  assertEquals([most, done], [2, [1, 2, 3, 4, 5]]);
});

/** What `deno test` prints of two files: with a skip, a step that fails and one without a place. */
const PRINTED = `not installed: lftp, python:paramiko
running 3 tests from ./tests/a_test.ts
passes ... ok (148ms)
needs lftp ... ignored (0ms)
has steps ...
  x ... FAILED (1ms)
  hardLink (skipped: hardLink is not offered) ... ignored (0ms)
------- output -------
not installed: no-such-program
----- output end -----
has steps ... FAILED (due to 1 failed step) (34ms)
running 1 test from ./tests/b_test.ts
races (long) ... ignored (0ms)

 ERRORS 

has steps ... x => ./tests/a_test.ts:4:11
error: Error: 1
2

 FAILURES 

has steps ... x => ./tests/a_test.ts:4:11

FAILED | 1 passed | 1 failed (1 step) | 2 ignored (1 step) (988ms)
`;

function reportOf(printed: string): RunReport {
  const report = new RunReport();
  for (const line of printed.split("\n")) report.line(line);
  return report;
}

Deno.test("RunReport counts whole tests, names skips and keeps what failed and why", () => {
  const { passed, failed, skipped, missing, failures } = reportOf(PRINTED);
  assertEquals([passed, failed, skipped], [1, 1, ["needs lftp (./tests/a_test.ts)"]]);
  assertEquals([...missing], ["lftp", "python:paramiko"]);
  assertEquals(failures.slice(0, 4), [
    " ERRORS ",
    "",
    "has steps ... x => ./tests/a_test.ts:4:11",
    "error: Error: 1",
  ]);
});

Deno.test("RunReport counts a run that breaks off as a failure", () => {
  const broken = reportOf("running 1 test from ./a_test.ts\npasses ... ok (1ms)\n");
  broken.ended("a_test.ts", false);
  assertEquals([broken.passed, broken.failed, broken.skipped], [0, 1, []]);
  assertEquals(broken.failures, ["failed: a_test.ts as a whole; it broke off"]);
});

Deno.test("results of several runs add up, and the last line tells what was skipped", () => {
  const sum = new RunReport();
  sum.add(reportOf(PRINTED));
  sum.add(reportOf("ok | 3 passed | 0 failed (1s)"));
  assertEquals([[...sum.missing], sum.failures], [
    ["lftp", "python:paramiko"],
    reportOf(PRINTED).failures,
  ]);
  assertEquals(sum.lastLine(false), "4 passed, 1 failed, 1 skipped");
  // Where none is allowed, a skip is a failure.
  assertEquals(sum.lastLine(true), "4 passed, 2 failed");
  assertEquals(reportOf("ok | 3 passed | 0 failed (1s)").lastLine(false), "3 passed, 0 failed");
});

Deno.test("RunReport reads the last line of a run that passes, and of one that is filtered", () => {
  for (
    const [line, count] of [
      ["ok | 2170 passed (7341 steps) | 0 failed | 3 ignored (5m2s)", 2170],
      ["ok | 3 passed | 0 failed | 2 filtered out (45ms)", 3],
      ["ok | 10 passed | 0 failed (1s)", 10],
    ] as const
  ) {
    const { passed, failed } = reportOf(line);
    assertEquals([passed, failed], [count, 0]);
  }
});
