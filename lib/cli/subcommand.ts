import { print } from "../transport/stdio.ts";
import { type CommandSpec, usageOf } from "./options/args.ts";
import { reportFailedStart } from "./start/failed_start.ts";
import { openTimeZone } from "./start/time_zone.ts";
import { exitStatusOf } from "./exit_status.ts";

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

/**
 * Runs a subcommand, and returns its exit status as {@linkcode exitStatusOf} does. If sshd started this
 * program, syslog is also told why a session could not begin.
 */
export async function runSubcommand<Options extends object>(
  args: readonly string[],
  { spec, parse, run, isForPeople = false }: Subcommand<Options>,
): Promise<number> {
  const report = isForPeople ? undefined : (error: unknown) => reportFailedStart(error, args);
  return await exitStatusOf({ usage: usageOf(spec), report }, async () => {
    const parsed = parse(args);
    if (!("print" in parsed)) {
      openTimeZone();
      return await run(parsed);
    }
    print(parsed.print);
    return 0;
  });
}
