import { UsageError } from "../../lib/cli/errors.ts";
import { optionsHelp, type OptionSpec, parseOptions } from "../../lib/cli/options/args.ts";
import type { Subject } from "./subject.ts";

/** Every option. A subject's defaults say which it takes. */
const OPTIONS = {
  rounds: { value: "N", help: "how often each takes its turn" },
  size: { value: "MIB", help: "size of the file that is read and written" },
  stages: { value: "LIST", help: 'what to measure, or "none"' },
  only: { value: "LIST", help: "whom to measure" },
  counts: { value: "LIST", help: "numbers of uploads in one session" },
  dir: { value: "DIR", help: "where to make the files; a file system in memory where absent" },
  program: { value: "FILE", help: "this program, compiled already" },
  idle: { value: "N", otherwise: "100", help: "measure the memory of N idle sessions too" },
  sshd: { help: "measure OpenSSH's sftp through a real sshd too" },
  all: { help: "--idle and --sshd" },
  readme: { help: "write chart and table into README.md" },
  check: { help: "say which bars are met; exit 1 if one is missed" },
  json: { help: "print everything as JSON" },
  help: { help: "show this help" },
} as const satisfies Readonly<Record<string, Omit<OptionSpec, "name">>>;

/** An option of the benchmark, without its dashes. */
export type OptionName = keyof typeof OPTIONS;

/** The options that a subject takes, and their values where they are not given; empty is all. */
export type Defaults = Partial<Readonly<Record<OptionName, string>>>;

/** The options of every subject. */
export const COMMON_OPTIONS: Defaults = {
  ...{ rounds: "7", only: "", program: "", check: "", json: "", help: "" },
};

/** What the benchmark was asked for. */
export type BenchOptions = ReturnType<typeof parseBenchArgs>;

function specsOf({ defaults, stages, contestants }: Subject): OptionSpec[] {
  const known: Defaults = { stages: stages.join(), only: contestants.join() };
  return (Object.keys(defaults) as OptionName[]).map((name) => {
    const values = [known[name], defaults[name]].filter(Boolean).map((one) => ` (${one})`);
    return { ...OPTIONS[name], name, help: OPTIONS[name].help + values.join("") };
  });
}

/** The help text. */
export function help(name: string, subject: Subject): string {
  const options = optionsHelp(specsOf(subject));
  return `usage: deno task bench ${name} [options]\n\n${subject.about}\n\n${options}`;
}

/** @throws {UsageError} If the arguments make no sense. */
export function parseBenchArgs(args: readonly string[], subject: Subject) {
  const { values, switches, operands } = parseOptions(args, specsOf(subject));
  if (operands.length > 0) throw new UsageError(`unknown argument ${operands[0]}`);
  const text = (name: OptionName) => values.get(name) ?? subject.defaults[name] ?? "";
  const number = (name: OptionName, value = text(name)) => {
    if (/^[1-9]\d*$/.test(value)) return Number(value);
    throw new UsageError(`--${name} takes a number, not "${value}"`);
  };
  const words = (name: OptionName, known: readonly string[]) => {
    const list = text(name) === "" ? known : text(name).split(",");
    const unknown = list.find((word) => !known.includes(word));
    if (unknown === undefined) return list;
    throw new UsageError(`--${name} is of ${known.join(",")}, not "${unknown}"`);
  };
  const all = switches.has("all");
  const idle = values.get("idle") ?? (all ? OPTIONS.idle.otherwise : "0");
  return {
    rounds: number("rounds"),
    /** MiB of the file that is read and written; 0 where there is none. */
    size: "size" in subject.defaults ? number("size") : 0,
    /** Ids. */
    stages: text("stages") === "none" ? [] : words("stages", subject.stages),
    /** Ids of contestants. */
    only: words("only", subject.contestants),
    /** How many uploads a session makes. */
    counts: text("counts").split(",").filter(Boolean).map((word) => number("counts", word)),
    /** How many idle sessions to measure. */
    idle: idle === "0" ? 0 : number("idle", idle),
    dir: text("dir") || undefined,
    program: text("program") || undefined,
    /** Whether a flag is given. */
    has: (flag: OptionName) => switches.has(flag) || (flag === "sshd" && all),
  };
}
