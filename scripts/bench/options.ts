import { parseArgs } from "@std/cli/parse-args";
import type { Subject } from "./subject.ts";

/** Every option and what it means. A subject's defaults say which it takes. */
const MEANINGS = {
  rounds: "how often each takes its turn",
  size: "MiB of the file that is read and written",
  stages: 'list of what to measure; "none"',
  only: "list of whom to measure",
  counts: "list of numbers of uploads in one session",
  dir: "where to make the files; a file system in memory where absent",
  program: "this program, compiled already",
  idle: "measure the memory of idle sessions too; 100 without a number",
  sshd: "measure OpenSSH's sftp through a real sshd too",
  all: "--idle and --sshd",
  readme: "write chart and table into README.md",
  check: "say which bars are met; exit 1 if one is missed",
  json: "print everything as JSON",
  help: "show this help",
} as const;

const IDLE_SESSIONS = "100";

/** An option of the benchmark, without its dashes. */
export type OptionName = keyof typeof MEANINGS;

/** The options that a subject takes. Those with a text take a value; an empty list is all. */
export type Defaults = Partial<Readonly<Record<OptionName, string | boolean>>>;

/** The options of every subject. */
export const COMMON_OPTIONS: Defaults = {
  rounds: "7",
  only: "",
  program: "",
  check: false,
  json: false,
  help: false,
};

/** What the benchmark was asked for. */
export interface BenchOptions {
  readonly rounds: number;
  /** MiB of the file that is read and written; 0 where there is none. */
  readonly size: number;
  /** Ids of stages. */
  readonly stages: readonly string[];
  /** Ids of contestants. */
  readonly only: readonly string[];
  /** How many uploads a session makes. */
  readonly counts: readonly number[];
  /** How many idle sessions to measure. */
  readonly idle: number;
  /** The directory to work in. */
  readonly dir: string | undefined;
  /** This program, compiled already. */
  readonly program: string | undefined;
  /** Whether a flag is given. */
  has(flag: OptionName): boolean;
}

/** The help text. */
export function help(name: string, { about, defaults, stages, contestants }: Subject): string {
  const known: Defaults = { stages: stages.join(), only: contestants.join() };
  const lines = Object.entries(defaults).map(([option, standard]) => {
    const name = option as OptionName;
    const values = [known[name], standard].filter((one) => one).map((one) => ` (${one})`);
    const word = typeof standard === "string" ? `${name} VALUE` : name;
    return `  --${word.padEnd(15)} ${MEANINGS[name]}${values.join("")}`;
  });
  return `usage: deno task bench ${name} [options]\n\n${about}\n\n${lines.join("\n")}`;
}

/** @throws {TypeError} If the arguments make no sense. */
export function parseBenchArgs(
  args: readonly string[],
  { defaults, stages, contestants }: Subject,
): BenchOptions {
  const names = Object.keys(defaults) as OptionName[];
  const parsed: Partial<Record<OptionName, unknown>> = parseArgs([...args], {
    string: names.filter((name) => typeof defaults[name] === "string"),
    boolean: names.filter((name) => typeof defaults[name] === "boolean"),
    default: defaults,
    unknown: (arg) => {
      throw new TypeError(`unknown argument ${arg}`);
    },
  });
  const text = (name: OptionName) => `${parsed[name] ?? ""}`;
  const isAll = parsed.all === true;
  const has = (name: OptionName) => parsed[name] === true || (name === "sshd" && isAll);
  const idle = isAll && text("idle") === "0" ? "" : text("idle");
  return {
    rounds: number("rounds", text("rounds")),
    size: "size" in defaults ? number("size", text("size")) : 0,
    stages: text("stages") === "none" ? [] : words("stages", text("stages"), stages),
    only: words("only", text("only"), contestants),
    counts: text("counts").split(",").filter(Boolean).map((word) => number("counts", word)),
    idle: idle === "0" || !("idle" in defaults) ? 0 : number("idle", idle || IDLE_SESSIONS),
    dir: text("dir") || undefined,
    program: text("program") || undefined,
    has,
  };
}

function number(name: OptionName, value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new TypeError(`--${name} takes a number, not "${value}"`);
  return Number(value);
}

function words(name: OptionName, value: string, known: readonly string[]): readonly string[] {
  if (value === "") return known;
  const list = value.split(",");
  const unknown = list.find((word) => !known.includes(word));
  if (unknown === undefined) return list;
  throw new TypeError(`--${name} is of ${known.join(",")}, not "${unknown}"`);
}
