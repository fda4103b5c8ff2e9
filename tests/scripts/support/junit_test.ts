import { assertEquals } from "@std/assert";
import { parseJunit, tally, type TestResult } from "../../../scripts/support/junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="8" failures="3" errors="0" time="0.062">
    <testsuite name="./tests/a_test.ts" tests="7" disabled="3" errors="0" failures="2">
        <testcase name="a &gt; b &lt;&amp;&#x3e;" classname="./tests/a_test.ts" line="1" col="6">
        </testcase>
        <testcase name="fails" classname="./tests/a_test.ts" time="0.001" line="2" col="6">
            <failure message="Uncaught Error: &lt;skipped/&gt;">Error: &lt;skipped/&gt;</failure>
        </testcase>
        <testcase name="needs lftp" classname="./tests/a_test.ts" time="0.000" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="links (skipped: hardLink is not offered)" classname="./tests/a_test.ts" line="3">
            <skipped/>
        </testcase>
        <testcase name="has steps" classname="./tests/a_test.ts" time="0.001" line="4" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="has steps &gt; first" classname="./tests/a_test.ts" line="5" col="11">
        </testcase>
        <testcase name="has steps &gt; second" classname="./tests/a_test.ts" line="6" col="11">
            <skipped/>
        </testcase>
        <testcase name="has steps &gt; third" classname="./tests/a_test.ts" line="7" col="11">
            <failure message="Uncaught Error: x">Error: x</failure>
        </testcase>
    </testsuite>
    <testsuite name="./tests/b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="self-closed" classname="./tests/b_test.ts" time="0.000" line="1"/>
        <testcase name="has steps &gt; fourth" classname="./tests/b_test.ts" line="2">
        </testcase>
        <testcase name="two hours of writes (long)" classname="./tests/b_test.ts" line="3">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>
`;

Deno.test("parseJunit() reads names, outcomes and steps of a report", () => {
  const file = "./tests/a_test.ts";
  assertEquals(parseJunit(REPORT), [
    { file, name: "a > b <&>", outcome: "passed", isStep: false },
    { file, name: "fails", outcome: "failed", why: "Error: <skipped/>", isStep: false },
    { file, name: "needs lftp", outcome: "skipped", isStep: false },
    { file, name: "links (skipped: hardLink is not offered)", outcome: "skipped", isStep: false },
    { file, name: "has steps", outcome: "failed", why: "1 test step failed.", isStep: false },
    { file, name: "has steps > first", outcome: "passed", isStep: true },
    { file, name: "has steps > second", outcome: "skipped", isStep: true },
    { file, name: "has steps > third", outcome: "failed", why: "Error: x", isStep: true },
    { file: "./tests/b_test.ts", name: "self-closed", outcome: "passed", isStep: false },
    { file: "./tests/b_test.ts", name: "has steps > fourth", outcome: "passed", isStep: true },
    {
      file: "./tests/b_test.ts",
      name: "two hours of writes (long)",
      outcome: "skipped",
      isStep: false,
    },
  ]);
});

Deno.test("tally() counts whole tests, and skips of tests and steps that carry no reason", () => {
  const { passed, failed, failures, skipped } = tally(parseJunit(REPORT));
  const names = (results: readonly TestResult[]) => results.map(({ name }) => name);
  assertEquals({ passed, failed, failures: names(failures), skipped: names(skipped) }, {
    passed: 2,
    failed: 2,
    failures: ["fails", "has steps", "has steps > third"],
    skipped: ["needs lftp", "has steps > second"],
  });
});

Deno.test("tally() of an empty report is nothing", () => {
  assertEquals(tally(parseJunit("")), { passed: 0, failed: 0, failures: [], skipped: [] });
});
