/**
 * What a test run did, read from the report that `deno test --junit-path` writes.
 *
 * @module
 */

/** One test, or one step of a test. */
export interface TestResult {
  /** The file that it is written in, as Deno names it: `./tests/wire/reader_test.ts`. */
  readonly file: string;
  /** The name; of a step, with the names of what it is a step of before it: `test > step`. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** What a failure said: the error and its stack; of another outcome nothing. */
  readonly why?: string;
  /** Whether this is a step and not a whole test. */
  readonly isStep: boolean;
}

/** The counts of a run. */
export interface Tally {
  /** Whole tests that passed. */
  readonly passed: number;
  /** Whole tests that failed. */
  readonly failed: number;
  /** Tests and steps that failed, with why. */
  readonly failures: readonly TestResult[];
  /** Tests and steps that were skipped for want of something on this machine. */
  readonly skipped: readonly TestResult[];
}

/**
 * An ignored test or step whose name holds one of these is not a skip: it has no place here. The
 * conformance suite says in the name why a storage does not run a test,
 * `… (skipped: hardLink is not offered)`; a test that only a long run carries out ends in `(long)`.
 * What is missing on a machine (see `tests/support/programs.ts`) goes without a mark.
 */
const NOT_A_SKIP = ["(skipped: ", "(long)"];

/** Reads the report. */
export function parseJunit(xml: string): TestResult[] {
  const cases = [...xml.matchAll(/<testsuite name="([^"]*)"[^>]*>(.*?)<\/testsuite>/gs)]
    .flatMap(([, file = "", suite = ""]) => parseSuite(unescapeXml(file), suite));
  // A step is listed under the file that it is written in, which may not be that of its test.
  const names = new Set(cases.map(({ name }) => name));
  return cases.map((one) => ({ ...one, isStep: isStepOf(names, one.name) }));
}

function parseSuite(file: string, suite: string): Omit<TestResult, "isStep">[] {
  return [...suite.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)]
    .map(([, name = "", body = ""]) => ({
      file,
      name: unescapeXml(name),
      ...outcomeOf(body),
    }));
}

/** Counts the results. */
export function tally(results: readonly TestResult[]): Tally {
  const whole = results.filter((result) => !result.isStep);
  return {
    passed: whole.filter((result) => result.outcome === "passed").length,
    failed: whole.filter((result) => result.outcome === "failed").length,
    failures: results.filter((result) => result.outcome === "failed"),
    skipped: results.filter((result) =>
      result.outcome === "skipped" && !NOT_A_SKIP.some((mark) => result.name.includes(mark))
    ),
  };
}

function outcomeOf(body: string): Pick<TestResult, "outcome" | "why"> {
  const failure = /<(?:failure|error)\b[^>]*?(?:\/>|>([^<]*))/.exec(body);
  if (failure !== null) return { outcome: "failed", why: unescapeXml(failure[1] ?? "").trim() };
  return { outcome: /<skipped\b/.test(body) ? "skipped" : "passed" };
}

/** A test's name may hold " > " itself; a step's name begins with the whole name of its test. */
function isStepOf(names: ReadonlySet<string>, name: string): boolean {
  for (let at = name.indexOf(" > "); at !== -1; at = name.indexOf(" > ", at + 1)) {
    if (names.has(name.slice(0, at))) return true;
  }
  return false;
}

const ENTITIES = new Map([["lt", "<"], ["gt", ">"], ["amp", "&"], ["quot", '"'], ["apos", "'"]]);

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(parseInt(decimal, 10));
    return ENTITIES.get(name) ?? whole;
  });
}
