import { assertEquals } from "@std/assert";
import { conclude, testArguments } from "../../scripts/test.ts";

const FLAGS = ["test", "--allow-all", "--no-prompt", "--no-check"];
const QUICK = [...FLAGS, "--ignore=tests/long"];

/** The paths that exist in these tests. */
function exists(path: string): boolean {
  return path === "tests/wire";
}

Deno.test("testArguments() runs everything but the long tests", () => {
  assertEquals(testArguments([], exists), {
    long: false,
    filtered: false,
    args: [...QUICK, "tests"],
  });
});

Deno.test("testArguments() runs everything with --long", () => {
  assertEquals(testArguments(["--long"], exists), {
    long: true,
    filtered: false,
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
    filtered: true,
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

const NOTHING = { failures: [], skipped: [] };
const SKIPPED = [
  { file: "./a_test.ts", name: "needs lftp", outcome: "skipped", isStep: false } as const,
];
const FAILURES = [
  { file: "./a_test.ts", name: "has steps", outcome: "failed", why: "1 test step failed." },
  { file: "./a_test.ts", name: "has steps > x", outcome: "failed", why: "Error: 1\n2 3\n  at" },
].map((one) => ({ ...one, outcome: "failed" as const, isStep: false }));

Deno.test("conclude() names skips, and lets them pass", () => {
  assertEquals(
    conclude(
      { ...NOTHING, passed: 3, failed: 0, skipped: SKIPPED },
      { success: true, noSkip: false },
    ),
    {
      passed: 3,
      failed: 0,
      told: ["skipped: needs lftp (./a_test.ts)"],
      line: "3 passed, 0 failed, 1 skipped",
      success: true,
    },
  );
});

Deno.test("conclude() fails on a skip where none is allowed", () => {
  assertEquals(
    conclude(
      { ...NOTHING, passed: 3, failed: 0, skipped: SKIPPED },
      { success: true, noSkip: true },
    ),
    {
      passed: 3,
      failed: 1,
      told: ["not to be skipped: needs lftp (./a_test.ts)"],
      line: "3 passed, 1 failed",
      success: false,
    },
  );
});

Deno.test("conclude() counts a run that broke off as a failure", () => {
  assertEquals(
    conclude({ ...NOTHING, passed: 3, failed: 0 }, { success: false, noSkip: false }),
    {
      passed: 3,
      failed: 1,
      told: ["failed: the run as a whole, a file that does not load or an error outside a test"],
      line: "3 passed, 1 failed",
      success: false,
    },
  );
});

Deno.test("conclude() counts a failed test once, and says why it and its steps failed", () => {
  assertEquals(
    conclude(
      { ...NOTHING, passed: 3, failed: 1, failures: FAILURES },
      { success: false, noSkip: false },
    ),
    {
      passed: 3,
      failed: 1,
      told: [
        "failed: has steps (./a_test.ts)\n  1 test step failed.",
        "failed: has steps > x (./a_test.ts)\n  Error: 1\n  2 3\n    at",
      ],
      line: "3 passed, 1 failed",
      success: false,
    },
  );
});
