import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../errors.ts";

/** An option of a subcommand. */
export interface OptionSpec {
  /** The long name, without dashes. */
  readonly name: string;
  /** The letter of its short form, without the dash. */
  readonly letter?: string;
  /**
   * What the help calls its value; a switch if absent. The name says what the value is, see
   * {@linkcode VALUE_KINDS}.
   */
  readonly value?: string;
  /** The values that it can have, where there are few. */
  readonly choices?: readonly string[];
  /** The value that a bare `--name` has; then a value can only be given as `--name=value`. */
  readonly otherwise?: string;
  /** With `otherwise`: whether a word is one of its values, and so not an operand. */
  readonly isValue?: (word: string) => boolean;
  /** One line of help. */
  readonly help: string;
  /** Whether it may be given several times. */
  readonly repeats?: boolean;
  /** The heading in the help under which it is listed. */
  readonly group?: string;
}

/** The command line of a subcommand: its parser, help, manual and completions are made from it. */
export interface CommandSpec {
  /** The name of the subcommand. */
  readonly name: string;
  /** What follows the name, once for each form: `[options] DIR`. */
  readonly forms: readonly string[];
  /** The values that the first operand can have, where there are few. */
  readonly choices?: readonly string[];
  /** What it does: paragraphs, and blocks of code that are indented by two spaces. */
  readonly about: string;
  /** Its options, in the order of the help. */
  readonly options: readonly OptionSpec[];
}

/** A parsed command line. */
export interface ParsedArgs {
  /** Values by long name. */
  readonly values: ReadonlyMap<string, string>;
  /** All values of options that may be repeated, by long name, even if not given. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** Long names of the switches that are set. */
  readonly switches: ReadonlySet<string>;
  /** What is not an option, in order. */
  readonly operands: readonly string[];
}

/** What a value is, by the name that the help gives it. */
export const VALUE_KINDS = {
  /** A file of this machine. */
  FILE: "file",
  /** A directory of this machine. */
  DIR: "directory",
  /** A path that the client sees, or one of another machine. */
  PATH: "path",
  /** A user of this machine. */
  USER: "user",
  /** A host. */
  HOST: "host",
  /** Several of the option's choices, separated by commas. */
  LIST: "list",
} as const;

/** What a value is; undefined if it is only text. */
export type ValueKind = typeof VALUE_KINDS[keyof typeof VALUE_KINDS];

/** What a value with this name is. */
export function kindOf(value: string): ValueKind | undefined {
  return Object.hasOwn(VALUE_KINDS, value)
    ? VALUE_KINDS[value as keyof typeof VALUE_KINDS]
    : undefined;
}

/** Kinds of values that must not be empty. */
const PLACES: readonly (ValueKind | undefined)[] = ["file", "path"];

/** The option that every subcommand has. */
export const HELP_OPTION: OptionSpec = { name: "help", letter: "h", help: "show this help" };

/**
 * Parses as getopt_long(3) does: `-eR`, `-u022`, `-u 022`, `--umask=022`,
 * `--umask 022`, and `--` before the operands.
 *
 * @throws {UsageError} If an option is unknown, lacks its value or comes twice.
 */
export function parseOptions(args: readonly string[], specs: readonly OptionSpec[]): ParsedArgs {
  const valued = specs.filter((spec) => spec.value !== undefined);
  const names = (list: readonly OptionSpec[]) => list.map((spec) => spec.name);
  const parsed: Readonly<Record<string, unknown>> = parseArgs(spelledOut(args, specs), {
    string: [...names(valued), "_"], // an operand stays text, also "007"
    boolean: names(specs.filter((spec) => spec.value === undefined)),
    collect: names(valued),
    "--": true,
  });
  const values = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  for (const { name, repeats, value: what = "" } of valued) {
    const all = parsed[name] as readonly string[];
    if (repeats) {
      lists.set(name, all);
      continue;
    }
    const [value, second] = all;
    if (second !== undefined) throw new UsageError(`option --${name} is given twice`);
    if (value === "" && PLACES.includes(kindOf(what))) {
      throw new UsageError(`option --${name} is empty`);
    }
    if (value !== undefined) values.set(name, value);
  }
  const switches = new Set(names(specs).filter((name) => parsed[name] === true));
  const operands = [parsed["_"], parsed["--"] ?? []].flat().map(String);
  return { values, lists, switches, operands };
}

/** Rewrites every option as `--name` or `--name=value`, so that nothing is ambiguous. */
function spelledOut(args: readonly string[], specs: readonly OptionSpec[]): string[] {
  const out: string[] = [];
  const rest = [...args];
  const valueOf = (option: string, attached: string) => {
    if (attached !== "") return attached;
    const value = rest.shift();
    if (value === undefined) throw new UsageError(`option ${option} needs a value`);
    if (spellsOption(value, specs)) {
      throw new UsageError(`option ${option} needs a value, and ${value} is an option`);
    }
    return value;
  };
  while (rest.length > 0) {
    const arg = rest.shift()!;
    if (arg === "--") {
      out.push(arg, ...rest.splice(0));
    } else if (arg.startsWith("--")) {
      out.push(longOption(arg, specs, valueOf));
      requireNoValue(arg, rest[0], specs);
    } else if (arg.startsWith("-") && arg.length > 1) {
      out.push(...shortOptions(arg, specs, valueOf));
    } else {
      out.push(arg);
    }
  }
  return out;
}

/** Whether a word is the long form of an option, with or without a value. */
function spellsOption(word: string, specs: readonly OptionSpec[]): boolean {
  return specs.some(({ name }) => word === `--${name}` || word.startsWith(`--${name}=`));
}

/** Refuses `--name VALUE` for options that take only `--name=VALUE`: VALUE would be an operand. */
function requireNoValue(
  arg: string,
  next: string | undefined,
  specs: readonly OptionSpec[],
): void {
  const spec = specs.find(({ name }) => arg === `--${name}`);
  if (next === undefined || spec?.isValue?.(next) !== true) return;
  throw new UsageError(`option ${arg} takes its value as ${arg}=${next}`);
}

type ValueOf = (option: string, attached: string) => string;

function longOption(arg: string, specs: readonly OptionSpec[], valueOf: ValueOf): string {
  const equals = arg.indexOf("=");
  const name = equals === -1 ? arg.slice(2) : arg.slice(2, equals);
  const spec = specs.find((spec) => spec.name === name);
  if (spec === undefined) throw new UsageError(`unknown option --${name}`);
  if (spec.value !== undefined) {
    return equals === -1 ? `--${name}=${spec.otherwise ?? valueOf(`--${name}`, "")}` : arg;
  }
  if (equals !== -1) throw new UsageError(`option --${name} takes no value`);
  return arg;
}

function shortOptions(arg: string, specs: readonly OptionSpec[], valueOf: ValueOf): string[] {
  const out: string[] = [];
  for (let index = 1; index < arg.length; index++) {
    const letter = arg[index]!;
    const spec = specs.find((spec) => spec.letter === letter);
    if (spec === undefined) throw new UsageError(`unknown option -${letter}`);
    if (spec.value !== undefined) {
      out.push(`--${spec.name}=${valueOf(`-${letter}`, arg.slice(index + 1))}`);
      break;
    }
    out.push(`--${spec.name}`);
  }
  return out;
}

/** The given options as arguments again, for a line that runs a subcommand with this table. */
export function argumentsOf(
  { values, lists, switches }: ParsedArgs,
  specs: readonly OptionSpec[],
): readonly string[] {
  return specs.flatMap(({ name }) => {
    const given = [values.get(name) ?? [], lists.get(name) ?? []].flat();
    return switches.has(name) ? [`--${name}`] : given.map((value) => `--${name}=${value}`);
  });
}

/** The usage of a subcommand in one line: its first form. */
export function usageOf({ name, forms: [form] }: CommandSpec): string {
  return `usage: sftpwrap ${name} ${form}`;
}

/** The help of a subcommand. */
export function helpOf({ name, forms, about, options }: CommandSpec): string {
  const usage = forms.map((form) => `sftpwrap ${name} ${form}`).join("\n       ");
  return `usage: ${usage}\n\n${about.trim()}\n\n${optionsHelp(options)}\n`;
}

/** The help of a longer option is on the next line. */
const MAX_HEAD_LENGTH = 32;

/** The options as lines of a help text; those of a group come below its heading. */
export function optionsHelp(specs: readonly OptionSpec[]): string {
  const heads = specs.map(({ name, letter, value, otherwise }) => {
    const shown = value === undefined ? "" : otherwise === undefined ? ` ${value}` : `[=${value}]`;
    return `  ${letter === undefined ? "    " : `-${letter}, `}--${name}${shown}`;
  });
  const short = heads.filter((head) => head.length <= MAX_HEAD_LENGTH);
  const width = Math.max(...short.map((head) => head.length)) + 2;
  const lines = new Map<string, string[]>([["", []]]);
  for (const [index, { group = "", help }] of specs.entries()) {
    const below = lines.get(group) ?? ["", `${group}:`];
    const head = heads[index]!;
    const entry = head.length < width
      ? [head.padEnd(width) + help]
      : [head, " ".repeat(width) + help];
    lines.set(group, [...below, ...entry]);
  }
  return [...lines.values()].flat().join("\n");
}
