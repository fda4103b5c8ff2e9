import { escapeControls } from "../audit/log_text.ts";
import { print, printError } from "../transport/stdio.ts";
import { StartError, UsageError } from "./errors.ts";
import { type CommandSpec, usageOf } from "./options/args.ts";
import { openTimeZone } from "./start/time_zone.ts";

/** A subcommand of the program. */
export interface Subcommand<Options extends object> {
  readonly spec: CommandSpec;
  /** Parses its command line: returns its options, or what to print instead of running. */
  readonly parse: (args: readonly string[]) => Options | { readonly print: string };
  /** Runs, and returns the exit status. */
  readonly run: (options: Options) => Promise<number>;
}

/** Runs a subcommand, and returns its exit status as {@linkcode orTold} does. */
export async function runSubcommand<Options extends object>(
  args: readonly string[],
  { spec, parse, run }: Subcommand<Options>,
): Promise<number> {
  return await orTold(usageOf(spec), async () => {
    const parsed = parse(args);
    if (!("print" in parsed)) {
      openTimeZone();
      return await run(parsed);
    }
    print(parsed.print);
    return 0;
  });
}

/**
 * Runs something, and returns its exit status: 1 if the command line cannot be understood or the
 * session cannot begin, which is reported on standard error. Any other error is a bug, and is
 * thrown on.
 *
 * @param usage Its usage, in one line.
 */
export async function orTold(usage: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StartError)) throw error;
    // The text may come from the other side, and a terminal will show it.
    printError(`sftpwrap: ${escapeControls(error.message)}\n`);
    if (error instanceof UsageError) printError(`${usage}\n`);
    return 1;
  }
}
