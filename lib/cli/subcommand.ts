import { print } from "../transport/stdio.ts";
import { type CommandSpec, usageOf } from "./options/args.ts";
import { reportFailedStart } from "./start/failed_start.ts";
import { openTimeZone } from "./start/time_zone.ts";
import { exitStatusOf } from "./exit_status.ts";

/**
 * The last argument of a helper process, after those of the session that starts it: so it runs the
 * commands of that line, and no others.
 */
export const HELPER_FLAG = "--hook-helper";

/** A subcommand of the program. */
export interface Subcommand<Options extends object> {
  readonly spec: CommandSpec;
  /** Parses its command line: returns its options, or what to print instead of running. */
  readonly parse: (args: readonly string[]) => Options | { readonly print: string };
  /** Runs, and returns the exit status. */
  readonly run: (options: Options) => Promise<number>;
  /** Runs instead as the helper process of such a session; see {@linkcode HELPER_FLAG}. */
  readonly help?: (options: Options) => Promise<number>;
  /** Whether it serves no session, so that nothing but standard error needs to be told. */
  readonly isForPeople?: boolean;
}

/**
 * Runs a subcommand, and returns its exit status as {@linkcode exitStatusOf} does. If sshd started this
 * program, syslog is also told why a session could not begin.
 */
export async function runSubcommand<Options extends object>(
  args: readonly string[],
  { spec, parse, run, help, isForPeople = false }: Subcommand<Options>,
): Promise<number> {
  const report = isForPeople ? undefined : (error: unknown) => reportFailedStart(error, args);
  return await exitStatusOf({ usage: usageOf(spec), report }, async () => {
    if (help !== undefined && isForHelper(args)) {
      const parsed = parse(args.slice(0, -1));
      return "print" in parsed ? 1 : await help(parsed);
    }
    const parsed = parse(args);
    if (!("print" in parsed)) {
      openTimeZone();
      return await run(parsed);
    }
    print(parsed.print);
    return 0;
  });
}

/** What a login shell was asked to run is a client's word. */
function isForHelper(args: readonly string[]): boolean {
  return args.at(-1) === HELPER_FLAG && !["-c", "--command"].includes(args.at(-2) ?? "");
}
