import { escapeControls } from "../audit/log_text.ts";
import { print, printError } from "../transport/stdio.ts";
import { isFailedStart, UsageError } from "./errors.ts";
import { type CommandSpec, usageOf } from "./options/args.ts";
import { isReported } from "./start/start_log.ts";
import { openTimeZone } from "./start/time_zone.ts";

/** A subcommand of the program. */
export interface Subcommand<Options extends object> {
  readonly spec: CommandSpec;
  /** Parses its command line: returns its options, or what to print instead of running. */
  readonly parse: (args: readonly string[]) => Options | { readonly print: string };
  /** Runs, and returns the exit status. */
  readonly run: (options: Options) => Promise<number>;
  /** Whether it serves no session, so that nothing but standard error needs to be told. */
  readonly isForPeople?: boolean;
}

/** Runs a subcommand, and returns its exit status as {@linkcode orTold} does. */
export async function runSubcommand<Options extends object>(
  args: readonly string[],
  { spec, parse, run, isForPeople = false }: Subcommand<Options>,
): Promise<number> {
  const usage = usageOf(spec);
  return await orTold(isForPeople ? { usage } : { usage, args }, async () => {
    const parsed = parse(args);
    if (!("print" in parsed)) {
      openTimeZone();
      return await run(parsed);
    }
    print(parsed.print);
    return 0;
  });
}

/** What is run, for the report of its failure. */
export interface Attempt {
  /** Its usage, in one line. */
  readonly usage: string;
  /** Its arguments; absent if it serves no session. */
  readonly args?: readonly string[];
}

/**
 * Runs something, and returns its exit status: 1 if the command line cannot be understood, the
 * session cannot begin, or this program has a bug. That is reported on standard error, and in
 * syslog if sshd started this program.
 */
export async function orTold(
  { usage, args }: Attempt,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    // The text may come from the other side, and a terminal will show it.
    if (isFailedStart(error)) printError(`sftpwrap: ${escapeControls(error.message)}\n`);
    else printError(`sftpwrap: ${error instanceof Error ? error.stack : String(error)}\n`);
    if (error instanceof UsageError) printError(`${usage}\n`);
    if (args !== undefined && !isReported(error)) {
      const { reportFailedStart } = await import("./start/failed_start.ts");
      reportFailedStart(error, args);
    }
    return 1;
  }
}
