import { UsageError } from "./errors.ts";

/** An option of a subcommand. */
export interface OptionSpec {
  /** The long name, without dashes. */
  readonly name: string;
  /** The one letter, without the dash. */
  readonly letter?: string;
  /** What its value is called in the help; a switch where absent. */
  readonly value?: string;
  /** The value where `--name` stands without one; then a value is given as `--name=value` only. */
  readonly otherwise?: string;
  /** One line of help. */
  readonly help: string;
  /** Whether it may be given several times. */
  readonly repeats?: boolean;
  /** The heading in the help that it stands below. */
  readonly group?: string;
}

/** A parsed command line. */
export interface ParsedArgs {
  /** Values by long name. */
  readonly values: ReadonlyMap<string, string>;
  /** All values of options that may be repeated, by long name; given or not. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** Long names of the switches that are set. */
  readonly switches: ReadonlySet<string>;
  /** What is not an option, in order. */
  readonly operands: readonly string[];
}

/**
 * Parses as getopt_long(3) does: `-eR`, `-u022`, `-u 022`, `--umask=022`,
 * `--umask 022`, and `--` before the operands.
 *
 * @throws {UsageError} If an option is unknown, lacks its value or comes twice.
 */
export function parseOptions(args: readonly string[], specs: readonly OptionSpec[]): ParsedArgs {
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const switches = new Set<string>();
  const operands: string[] = [];
  const rest = args.values();

  function give({ name }: OptionSpec, value: string): void {
    const list = lists.get(name);
    if (list !== undefined) list.push(value);
    else if (values.has(name)) throw new UsageError(`option --${name} is given twice`);
    else values.set(name, value);
  }

  function next(option: string): string {
    const { value } = rest.next();
    if (value === undefined) throw new UsageError(`option ${option} needs a value`);
    return value;
  }

  function long(arg: string): void {
    const equals = arg.indexOf("=");
    const name = equals === -1 ? arg.slice(2) : arg.slice(2, equals);
    const spec = specs.find((spec) => spec.name === name);
    if (spec === undefined) throw new UsageError(`unknown option --${name}`);
    if (spec.value !== undefined) {
      const value = equals === -1 ? spec.otherwise ?? next(`--${name}`) : arg.slice(equals + 1);
      give(spec, value);
    } else if (equals === -1) switches.add(name);
    else throw new UsageError(`option --${name} takes no value`);
  }

  function letters(arg: string): void {
    for (let index = 1; index < arg.length; index++) {
      const letter = arg[index]!;
      const spec = specs.find((spec) => spec.letter === letter);
      if (spec === undefined) throw new UsageError(`unknown option -${letter}`);
      if (spec.value !== undefined) {
        give(spec, arg.slice(index + 1) || next(`-${letter}`));
        return;
      }
      switches.add(spec.name);
    }
  }

  for (const { name, repeats } of specs) if (repeats) lists.set(name, []);
  for (const arg of rest) {
    if (arg === "--") operands.push(...rest);
    else if (arg.startsWith("--")) long(arg);
    else if (arg.startsWith("-") && arg.length > 1) letters(arg);
    else operands.push(arg);
  }
  return { values, lists, switches, operands };
}

/** The options as lines of a help text, those of a group below its heading. */
export function optionsHelp(specs: readonly OptionSpec[]): string {
  const heads = specs.map(({ name, letter, value, otherwise }) => {
    const shown = value === undefined ? "" : otherwise === undefined ? ` ${value}` : `[=${value}]`;
    return `  ${letter === undefined ? "    " : `-${letter}, `}--${name}${shown}`;
  });
  const width = Math.max(...heads.map((head) => head.length)) + 2;
  const lines = new Map<string, string[]>([["", []]]);
  for (const [index, { group = "", help }] of specs.entries()) {
    const below = lines.get(group) ?? ["", `${group}:`];
    lines.set(group, [...below, heads[index]!.padEnd(width) + help]);
  }
  return [...lines.values()].flat().join("\n");
}
