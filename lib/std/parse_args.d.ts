// The types of `@std/cli/parse-args` that this project uses; `parse_args.ts` says why they are
// here. Declared names have the types of their declaration; every other name is `unknown`.

/** How `parseArgs` reads the words of a command line. */
export interface ParseOptions<S extends string, B extends string, C extends string> {
  /** Options whose value is text, kept unchanged: `-u 022` stays "022". */
  readonly string?: S | readonly S[];
  /** Options that take no value; `true` makes every `--name` without a value one. */
  readonly boolean?: boolean | B | readonly B[];
  /** Options that may be repeated: their value is the array of all values. */
  readonly collect?: C | readonly C[];
  /** Options that `--no-NAME` sets to false. */
  readonly negatable?: string | readonly string[];
  /** Other names of an option: each holds the same value. */
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Values of options that the command line does not name. */
  readonly default?: Readonly<Record<string, unknown>>;
  /** Whether everything from the first operand on is an operand. */
  readonly stopEarly?: boolean;
  /** Whether the words after `--` go to the member `--` instead of the operands. */
  readonly "--"?: boolean;
  /**
   * Called with each option that is not declared, and with each operand (then without a key). If it
   * returns false, the word is left out of the result.
   */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What `parseArgs` found: operands in `_`, options by their names. */
export type Args<S extends string, B extends string, C extends string> =
  & { [K in Exclude<S, C | "_">]?: string | undefined }
  & { [K in Exclude<S & C, "_">]: string[] }
  & { [K in Exclude<B, C | S>]: boolean }
  & {
    /** The operands. One that looks like a number is a number, unless `string` lists "_". */
    _: Array<string | number>;
    /** The words after `--`, if the option `--` asks for them. */
    "--"?: string[];
  }
  & Record<string, unknown>;

/**
 * Sorts the words of a command line into options and operands. It refuses nothing by itself:
 * `unknown` sees what is not declared.
 */
export function parseArgs<
  const S extends string = never,
  const B extends string = never,
  const C extends string = never,
>(args: readonly string[], options?: ParseOptions<S, B, C>): Args<S, B, C>;
