/**
 * Runs the tests and counts them: `deno task test`, and `deno task test:long` with `--long`.
 *
 *     deno task test                          everything under tests/ but tests/long/
 *     deno task test tests/wire               one folder or file
 *     deno task test longname                 the tests whose name holds this word
 *     deno task test tests/cli --fail-fast    any option of `deno test`
 *     deno task test:long                     everything, with SFTPWRAP_LONG=1
 *
 * The last line is always `N passed, N failed`, with `, N skipped` behind it where tests were
 * skipped; the exit status is 0 only where nothing failed. Whole tests are counted, not steps.
 *
 * Above it stand the names of what was skipped, and of what failed with why.
 *
 * Two variables are for `.ci/run`. `SFTPWRAP_NO_SKIP=1` counts every skip as a failure; `junit.ts`
 * says what is no skip. `SFTPWRAP_TALLY=FILE` appends what this run ends with to FILE, names and
 * all, with `PASSED FAILED` for the last line, and gives that line a beginning here, so that
 * several runs can end in one plain sum.
 *
 * @module
 */

import { parseJunit, type Tally, tally, type TestResult } from "./support/junit.ts";
import { printLine } from "./support/print.ts";

/** Tests that take minutes; only `--long` runs them. */
const LONG_TESTS = "tests/long";

/**
 * The arguments of `deno test`. One file after the other, without `--parallel`: the umask, the
 * working directory and the environment belong to the whole process, and tests set them. Types
 * are not checked again: `deno task check` has done it, and with one compiler only.
 */
export function testArguments(given: readonly string[], exists: (path: string) => boolean) {
  const long = given.includes("--long");
  const args = ["test", "--allow-all", "--no-prompt", "--no-check"];
  if (!long) args.push(`--ignore=${LONG_TESTS}`);
  let hasPath = false;
  for (const [index, word] of given.entries()) {
    if (word === "--long") continue;
    if (!word.startsWith("-") && given[index - 1] !== "--filter") {
      // A path that is mistyped is still one, so that Deno says that it is not there.
      const isPath = word.includes("/") || exists(word);
      if (!isPath) args.push("--filter");
      hasPath ||= isPath;
    }
    args.push(word);
  }
  if (!hasPath) args.push("tests");
  const filtered = args.some((word) => word.startsWith("--filter"));
  return { long, filtered, args };
}

/** What a run ends with, and whether it passed. */
export interface Conclusion {
  readonly passed: number;
  readonly failed: number;
  /** What was skipped, and what failed with why: one or more lines each. */
  readonly told: readonly string[];
  readonly line: string;
  readonly success: boolean;
}

/** Judges the counts of a run. */
export function conclude(
  counts: Tally,
  { success, noSkip }: { success: boolean; noSkip: boolean },
): Conclusion {
  const { passed, skipped, failures } = counts;
  let failed = counts.failed + (noSkip ? skipped.length : 0);
  const told = [
    ...skipped.map(({ name, file }) =>
      `${noSkip ? "not to be skipped" : "skipped"}: ${name} (${file})`
    ),
    ...failures.map(({ name, file, why = "" }) => indented(`failed: ${name} (${file})\n${why}`)),
  ];
  if (!success && failed === 0) {
    failed = 1;
    told.push("failed: the run as a whole, a file that does not load or an error outside a test");
  }
  const tail = skipped.length > 0 && !noSkip ? `, ${skipped.length} skipped` : "";
  return {
    passed,
    failed,
    told,
    line: `${passed} passed, ${failed} failed${tail}`,
    success: failed === 0,
  };
}

/** The most lines that are told of a failure: a difference between two long things is longer. */
const LINES_TOLD = 40;

/** Sets the lines behind the first one in, so that none is taken for one of its own. */
function indented(text: string): string {
  return text.trimEnd().split("\n").slice(0, LINES_TOLD).join("\n  ");
}

async function main(): Promise<number> {
  const { long, filtered, args } = testArguments(Deno.args, existsSync);
  const noSkip = Deno.env.get("SFTPWRAP_NO_SKIP") === "1";
  const report = await Deno.makeTempFile({ prefix: "sftpwrap_tests_", suffix: ".xml" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args, `--junit-path=${report}`],
      env: long ? { SFTPWRAP_LONG: "1" } : {},
    }).spawn();
    const { success } = await child.status;
    const results = parseJunit(await Deno.readTextFile(report));
    // Deno reports tests that a filter leaves out as skipped, which would be most of them.
    const counts = tally(filtered ? results.filter(isNotSkipped) : results);
    const conclusion = conclude(counts, { success, noSkip });
    for (const text of conclusion.told) printLine(text);
    const tallyFile = Deno.env.get("SFTPWRAP_TALLY");
    if (tallyFile === undefined) {
      printLine(conclusion.line);
    } else {
      const { passed, failed, told } = conclusion;
      const lines = [...told, `${passed} ${failed}`].map((line) => `${line}\n`).join("");
      await Deno.writeTextFile(tallyFile, lines, { append: true });
      printLine(`Deno ${Deno.version.deno}: ${conclusion.line}`);
    }
    return conclusion.success ? 0 : 1;
  } finally {
    await Deno.remove(report);
  }
}

function isNotSkipped(result: TestResult): boolean {
  return result.outcome !== "skipped";
}

function existsSync(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

if (import.meta.main) Deno.exit(await main());
