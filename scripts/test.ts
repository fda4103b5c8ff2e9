/**
 * Runs the tests and counts them: `deno task test`, and `deno task test:long` with `--long`.
 *
 *     deno task test                          everything under tests/ except tests/long/
 *     deno task test tests/wire               one folder or file
 *     deno task test longname                 the tests whose name holds this word
 *     deno task test tests/cli --fail-fast    any option of `deno test`
 *     deno task test:long                     everything, with SFTPWRAP_LONG=1
 *
 * Each file has a process of its own. One more of them run at once than the machine has
 * processors, because a part of the time is spent waiting, and what `deno test` prints of a file
 * comes when the file is done. With an option or a word, it is one process for all. Then come what
 * failed and why, the names of skipped tests, what is not installed, and one line
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
import { existsSync } from "node:fs";
import { printLine } from "./support/print.ts";

/** Tests that take minutes; only `--long` runs them. */
const LONG_TESTS = "tests/long";

/** Folders whose files take longest. They come first, so that no processor is idle at the end. */
const SLOW_FIRST = [
  ...["tests/long/", "tests/clients/", "tests/storage/gridfs/", "tests/jail/", "tests/cli/"],
  ...["tests/storage/proxy/", "tests/binary/", "tests/policy/", "tests/differential/"],
  "tests/guide/",
];

/** Files that compare times of the processor or the clock. They come last, one after the other. */
export const ALONE: readonly string[] = [
  "tests/cli/start/backstop_test.ts",
  "tests/serve/checkpoints_test.ts",
  "tests/transport/timeouts_test.ts",
];

/** More processes than this at once would want more memory than a large machine gives a user. */
const MOST_PROCESSES = 8;

/** A file that takes longer hangs; the slowest takes a minute. */
const HUNG_MS = 10 * 60_000;

/** What the words of the command line ask for. */
export interface Asked {
  readonly long: boolean;
  /** The arguments of one `deno test` for everything. */
  readonly args: readonly string[];
  /** The paths to run, each file by itself; undefined where one process has to run everything. */
  readonly paths: readonly string[] | undefined;
}

/**
 * Reads the command line. `deno test` gets no `--parallel`: the umask, the working directory and
 * the environment belong to a whole process, and tests change them. Types are not checked again:
 * `deno task check` does that, with one compiler only.
 */
export function testArguments(given: readonly string[], exists: (path: string) => boolean): Asked {
  const long = given.includes("--long");
  const words = given.filter((word) => word !== "--long");
  const args = ["test", "--allow-all", "--no-prompt", "--no-check"];
  if (!long) args.push(`--ignore=${LONG_TESTS}`);
  const paths: string[] = [];
  for (const [index, word] of words.entries()) {
    if (!word.startsWith("-") && words[index - 1] !== "--filter") {
      // A mistyped path is still passed as a path, so that Deno says that it does not exist.
      const isPath = word.includes("/") || exists(word);
      if (isPath) paths.push(word);
      else args.push("--filter");
    }
    args.push(word);
  }
  if (paths.length === 0) args.push("tests");
  const onlyPaths = paths.length === words.length && paths.every(exists);
  return { long, args, paths: !onlyPaths ? undefined : paths.length === 0 ? ["tests"] : paths };
}

/** The files in the order in which they start: first those that share the machine, then the rest. */
export function inOrder(files: readonly string[]): { together: string[]; alone: string[] } {
  const place = (file: string) => {
    const index = SLOW_FIRST.findIndex((folder) => file.startsWith(folder));
    return index === -1 ? SLOW_FIRST.length : index;
  };
  const sorted = [...new Set(files)].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  const isAlone = (file: string) => ALONE.includes(file);
  return { together: sorted.filter((file) => !isAlone(file)), alone: sorted.filter(isAlone) };
}

/** Gives each of the items to `work`, a number of them at once. */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/**
 * An ignored test whose name contains one of these does not count as skipped, because it does not
 * apply here. The conformance suite says in the name why a storage does not run a test,
 * `… (skipped: hardLink is not offered)`; a test that only a long run carries out ends in `(long)`.
 */
const NOT_A_SKIP = ["(skipped: ", "(long)"];

const OUTPUT_BEGINS = "------- output -------";
const OUTPUT_ENDS = "----- output end -----";

const SUMMARY =
  /^(?:ok|FAILED) \| (?<passed>\d+) passed(?: \(.*?\))? \| (?<failed>\d+) failed(?: \(.*?\))?(?: \||$| \()/;

/** What runs of tests ended with: whole tests are counted. */
export class RunReport {
  passed = 0;
  failed = 0;
  /** Tests and steps that this machine lacks something for: name and file. */
  readonly skipped: string[] = [];
  /** What this machine lacks, as `tests/support/programs.ts` prints it. */
  readonly missing = new Set<string>();
  /** What failed and why, in Deno's words. */
  readonly failures: string[] = [];
  #file = "";
  #isOutput = false;

  /** Takes the next line of what `deno test` prints, without colors. */
  line(text: string): void {
    this.#file = /^running \d+ tests? from (.*)$/.exec(text)?.[1] ?? this.#file;
    // What a test prints says nothing about this machine.
    if (text === OUTPUT_BEGINS) this.#isOutput = true;
    if (text === OUTPUT_ENDS) this.#isOutput = false;
    const missing = /^not installed: (.*)$/.exec(text)?.[1]?.split(", ") ?? [];
    if (!this.#isOutput) { for (const name of missing) this.missing.add(name); }
    const ignored = /^ *(.*) \.\.\. ignored \(.*\)$/.exec(text)?.[1];
    if (ignored !== undefined && !NOT_A_SKIP.some((mark) => ignored.includes(mark))) {
      this.skipped.push(`${ignored} (${this.#file})`);
    }
    if (text === " ERRORS " || this.failures.length > 0) this.failures.push(text);
    const { passed = this.passed, failed = this.failed } = SUMMARY.exec(text)?.groups ?? {};
    this.passed = Number(passed);
    this.failed = Number(failed);
  }

  /** Says how the run of `name` has ended: one that breaks off counts as a failure. */
  ended(name: string, success: boolean): void {
    if (success || this.failed > 0) return;
    this.failed = 1;
    this.failures.splice(0, Infinity, `failed: ${name} as a whole; it broke off`);
  }

  /** Adds another run. */
  add({ passed, failed, skipped, missing, failures }: RunReport): void {
    this.passed += passed;
    this.failed += failed;
    this.skipped.push(...skipped);
    for (const name of missing) this.missing.add(name);
    this.failures.push(...failures);
  }

  /** `N passed, N failed`, with what was skipped unless that counts as failed. */
  lastLine(noSkip: boolean): string {
    const count = this.skipped.length;
    if (noSkip) return `${this.passed} passed, ${this.failed + count} failed`;
    return `${this.passed} passed, ${this.failed} failed${count > 0 ? `, ${count} skipped` : ""}`;
  }
}

async function main(): Promise<number> {
  const { long, args, paths } = testArguments(Deno.args, existsSync);
  const noSkip = Deno.env.get("SFTPWRAP_NO_SKIP") === "1";
  const sum = new RunReport();
  if (paths === undefined) {
    sum.add(await runTests(args, { long, name: "the run", print: printLine }));
  } else {
    const flags = args.filter((word) => word !== "tests" && !paths.includes(word));
    const runFile = async (file: string) => {
      const lines: string[] = [];
      const print = (line: string) => void lines.push(line);
      sum.add(await runTests([...flags, file], { long, name: file, print }));
      printLine(lines.join("\n"));
    };
    const { together, alone } = inOrder(paths.flatMap((path) => testFiles(path, long)));
    const atOnce = Math.min(navigator.hardwareConcurrency + 1, MOST_PROCESSES);
    await eachOf(together, atOnce, runFile);
    await eachOf(alone, 1, runFile);
    // The output of a file is far above by now; that of one process for all is not.
    for (const line of sum.failures) printLine(line);
  }
  const skips = sum.skipped.map((test) => `${noSkip ? "not to be skipped" : "skipped"}: ${test}`);
  for (const skip of skips) printLine(skip);
  if (sum.missing.size > 0) printLine(`not installed here: ${[...sum.missing].sort().join(", ")}`);
  const failed = sum.failed + (noSkip ? skips.length : 0);
  const tallyFile = Deno.env.get("SFTPWRAP_TALLY");
  if (tallyFile !== undefined) {
    // Indented, so that no line of an error looks like the counts.
    const why = sum.failures.map((text) => `  ${text}`);
    const told = [...noSkip ? skips : [], ...why, `${sum.passed} ${failed}`];
    await Deno.writeTextFile(tallyFile, told.map((text) => `${text}\n`).join(""), { append: true });
  }
  const line = sum.lastLine(noSkip);
  printLine(tallyFile === undefined ? line : `Deno ${Deno.version.deno}: ${line}`);
  return failed === 0 ? 0 : 1;
}

async function runTests(
  args: readonly string[],
  { long, name, print }: { long: boolean; name: string; print: (line: string) => void },
): Promise<RunReport> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1", SFTPWRAP_TELL_REASONS: "1", ...long ? { SFTPWRAP_LONG: "1" } : {} },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const hung = long ? undefined : setTimeout(() => {
    printLine(`${name} hangs`);
    child.kill("SIGKILL");
  }, HUNG_MS);
  const report = new RunReport();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    print(line);
    report.line(line);
  }
  const { success } = await child.status;
  clearTimeout(hung);
  report.ended(name, success);
  return report;
}

/** The files with tests at or below a path. */
function testFiles(path: string, long: boolean): string[] {
  const trimmed = path.replace(/^\.\//, "").replace(/\/+$/, "");
  if (!long && trimmed === LONG_TESTS) return [];
  if (!Deno.statSync(trimmed).isDirectory) return [trimmed];
  return Array.from(Deno.readDirSync(trimmed), ({ name, isDirectory }) => {
    if (isDirectory) return testFiles(`${trimmed}/${name}`, long);
    return name.endsWith("_test.ts") ? [`${trimmed}/${name}`] : [];
  }).flat();
}

if (import.meta.main) Deno.exit(await main());
