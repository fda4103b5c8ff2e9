import { assertEquals } from "@std/assert";
import { RunReport, testArguments } from "../../scripts/test.ts";

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
  });
});

Deno.test("testArguments() runs everything with --long", () => {
  assertEquals(testArguments(["--long"], exists), {
    long: true,
    args: [...FLAGS, "tests"],
  });
});

Deno.test("testArguments() runs only the folder it is given", () => {
  assertEquals(testArguments(["tests/wire"], exists).args, [...QUICK, "tests/wire"]);
});

Deno.test("testArguments() runs a folder that is not there, for Deno to say so", () => {
  assertEquals(testArguments(["tests/wired"], exists).args, [...QUICK, "tests/wired"]);
});

Deno.test("testArguments() takes a word that is no path as part of a name", () => {
  assertEquals(testArguments(["longname"], exists), {
    long: false,
    args: [...QUICK, "--filter", "longname", "tests"],
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

/** What `deno test` prints of two files: with a skip, a step that fails and one without a place. */
const PRINTED = `running 3 tests from ./tests/a_test.ts
passes ... ok (148ms)
needs lftp ... ignored (0ms)
has steps ...
  x ... FAILED (1ms)
  hardLink (skipped: hardLink is not offered) ... ignored (0ms)
------- output -------
out
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
  const { failures, ...rest } = reportOf(PRINTED).conclude({ success: false, noSkip: false });
  assertEquals(rest, {
    passed: 1,
    failed: 1,
    skips: ["skipped: needs lftp (./tests/a_test.ts)"],
    line: "1 passed, 1 failed, 1 skipped",
  });
  assertEquals(failures.slice(0, 4), [
    " ERRORS ",
    "",
    "has steps ... x => ./tests/a_test.ts:4:11",
    "error: Error: 1",
  ]);
});

Deno.test("RunReport counts a skip as a failure where none is allowed", () => {
  const { failed, skips, line } = reportOf(PRINTED).conclude({ success: false, noSkip: true });
  assertEquals({ failed, skips, line }, {
    failed: 2,
    skips: ["not to be skipped: needs lftp (./tests/a_test.ts)"],
    line: "1 passed, 2 failed",
  });
});

Deno.test("RunReport counts a run that breaks off as a failure", () => {
  const broken = reportOf("running 1 test from ./a_test.ts\npasses ... ok (1ms)\n");
  assertEquals(broken.conclude({ success: false, noSkip: false }), {
    passed: 0,
    failed: 1,
    skips: [],
    failures: ["failed: the run as a whole; it broke off"],
    line: "0 passed, 1 failed",
  });
});

Deno.test("RunReport reads the last line of a run that passes, and of one that is filtered", () => {
  for (
    const [line, passed] of [
      ["ok | 2170 passed (7341 steps) | 0 failed | 3 ignored (5m2s)", 2170],
      ["ok | 3 passed | 0 failed | 2 filtered out (45ms)", 3],
      ["ok | 10 passed | 0 failed (1s)", 10],
    ] as const
  ) {
    assertEquals(reportOf(line).counts, { passed, failed: 0 });
  }
});
