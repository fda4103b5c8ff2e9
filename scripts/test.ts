/**
 * Runs the tests and counts them: `deno task test`, and `deno task test:long` with `--long`.
 *
 *     deno task test                          everything under tests/ except tests/long/
 *     deno task test tests/wire               one folder or file
 *     deno task test longname                 the tests whose name holds this word
 *     deno task test tests/cli --fail-fast    any option of `deno test`
 *     deno task test:long                     everything, with SFTPWRAP_LONG=1
 *
 * It prints what `deno test` prints, then the names of skipped tests and one line
 * `N passed, N failed`, with `, N skipped` if there were any. The exit status is 0 only if
 * nothing failed. Whole tests are counted, not steps.
 *
 * Two variables are for `.ci/run`. `SFTPWRAP_NO_SKIP=1` counts every skip as a failure.
 * `SFTPWRAP_TALLY=FILE` appends to FILE what failed and why, with `PASSED FAILED` as its last line,
 * and puts Deno's version before this run's last line, so that two runs can end in one sum.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { printLine } from "./support/print.ts";

/** Tests that take minutes; only `--long` runs them. */
const LONG_TESTS = "tests/long";

/**
 * The arguments of `deno test`. One file after the other, without `--parallel`: the umask, the
 * working directory and the environment belong to the whole process, and tests change them. Types
 * are not checked again: `deno task check` does that, with one compiler only.
 */
export function testArguments(given: readonly string[], exists: (path: string) => boolean) {
  const long = given.includes("--long");
  const args = ["test", "--allow-all", "--no-prompt", "--no-check"];
  if (!long) args.push(`--ignore=${LONG_TESTS}`);
  let hasPath = false;
  for (const [index, word] of given.entries()) {
    if (word === "--long") continue;
    if (!word.startsWith("-") && given[index - 1] !== "--filter") {
      // A mistyped path is still passed as a path, so that Deno says that it does not exist.
      const isPath = word.includes("/") || exists(word);
      if (!isPath) args.push("--filter");
      hasPath ||= isPath;
    }
    args.push(word);
  }
  if (!hasPath) args.push("tests");
  return { long, args };
}

/**
 * An ignored test whose name contains one of these does not count as skipped, because it does not
 * apply here. The conformance suite says in the name why a storage does not run a test,
 * `… (skipped: hardLink is not offered)`; a test that only a long run carries out ends in `(long)`.
 */
const NOT_A_SKIP = ["(skipped: ", "(long)"];

const SUMMARY =
  /^(?:ok|FAILED) \| (?<passed>\d+) passed(?: \(.*?\))? \| (?<failed>\d+) failed(?: \(.*?\))?(?: \||$| \()/;

/** Reads what `deno test` prints, line by line, without colors. */
export class RunReport {
  /** Tests and steps that this machine lacks something for: name and file. */
  readonly skipped: string[] = [];
  /** The output from the first explained failure on; empty if there is none. */
  readonly failures: string[] = [];
  /** Whole tests; undefined until the last line, which an aborted run never prints. */
  counts: { readonly passed: number; readonly failed: number } | undefined;
  #file = "";

  /** Takes the next line. */
  line(text: string): void {
    this.#file = /^running \d+ tests? from (.*)$/.exec(text)?.[1] ?? this.#file;
    const ignored = /^ *(.*) \.\.\. ignored \(.*\)$/.exec(text)?.[1];
    if (ignored !== undefined && !NOT_A_SKIP.some((mark) => ignored.includes(mark))) {
      this.skipped.push(`${ignored} (${this.#file})`);
    }
    if (text === " ERRORS " || this.failures.length > 0) this.failures.push(text);
    const { passed, failed } = SUMMARY.exec(text)?.groups ?? {};
    if (passed !== undefined) this.counts = { passed: Number(passed), failed: Number(failed) };
  }

  /** The result of the run. */
  conclude({ success, noSkip }: { success: boolean; noSkip: boolean }): Conclusion {
    const { passed = 0, failed: counted = 0 } = this.counts ?? {};
    const skips = this.skipped.map((name) =>
      `${noSkip ? "not to be skipped" : "skipped"}: ${name}`
    );
    const failedAsWhole = !success && counted === 0;
    const failed = counted + (noSkip ? skips.length : 0) + (failedAsWhole ? 1 : 0);
    const tail = skips.length > 0 && !noSkip ? `, ${skips.length} skipped` : "";
    return {
      passed,
      failed,
      skips,
      line: `${passed} passed, ${failed} failed${tail}`,
      failures: failedAsWhole ? ["failed: the run as a whole; it broke off"] : this.failures,
    };
  }
}

/** What a run ends with. */
export interface Conclusion {
  readonly passed: number;
  readonly failed: number;
  /** A line for each test that was skipped. */
  readonly skips: readonly string[];
  /** What failed and why, in Deno's words. */
  readonly failures: readonly string[];
  readonly line: string;
}

async function main(): Promise<number> {
  const { long, args } = testArguments(Deno.args, existsSync);
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1", ...long ? { SFTPWRAP_LONG: "1" } : {} },
    stdout: "piped",
  }).spawn();
  const report = new RunReport();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    printLine(line);
    report.line(line);
  }
  const { success } = await child.status;
  const noSkip = Deno.env.get("SFTPWRAP_NO_SKIP") === "1";
  const { passed, failed, skips, failures, line } = report.conclude({ success, noSkip });
  for (const skip of skips) printLine(skip);
  const tallyFile = Deno.env.get("SFTPWRAP_TALLY");
  if (tallyFile !== undefined) {
    // Indented, so that no line of an error looks like the counts.
    const why = failures.map((text) => `  ${text}`);
    const told = [...noSkip ? skips : [], ...why, `${passed} ${failed}`];
    await Deno.writeTextFile(tallyFile, told.map((text) => `${text}\n`).join(""), { append: true });
  }
  printLine(tallyFile === undefined ? line : `Deno ${Deno.version.deno}: ${line}`);
  return failed === 0 ? 0 : 1;
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
