import { type CommandSpec, HELP_OPTION, helpOf, parseOptions } from "../options/args.ts";
import { STATE_DIR_OPTION, stateDirectoryOf } from "../options/session_limits.ts";
import { UsageError } from "../errors.ts";

/** The parsed command line of `sftpwrap quota`. */
export interface QuotaCommandOptions {
  readonly directory: string;
  /** Count everything now. */
  readonly recount: boolean;
  /** Where the count is kept, with its tokens. */
  readonly stateDirectory: string | undefined;
}

/** The command line of `sftpwrap quota`. */
export const quotaSpec: CommandSpec = {
  name: "quota",
  forms: ["[options] DIR"],
  about: `
Says how much of its quota the jail DIR uses, for the user who runs this: the
one whose sessions sftpwrap jail --quota serves.

  runuser -u alice -- sftpwrap quota --recount /srv/sftp/alice

Exit status: 0. It is 1 if the jail has no quota, or the count may be too high.
`,
  options: [
    { name: "recount", help: "count everything in DIR now, and correct the books" },
    STATE_DIR_OPTION,
    HELP_OPTION,
  ],
};

/**
 * Parses what follows `sftpwrap quota`.
 *
 * @throws {UsageError} If the command line cannot be understood.
 */
export function parseQuotaOptions(
  args: readonly string[],
): QuotaCommandOptions | { readonly print: string } {
  const { values, switches, operands } = parseOptions(args, quotaSpec.options);
  if (switches.has("help")) return { print: helpOf(quotaSpec) };
  const [directory, second] = operands;
  if (directory === undefined || directory === "") throw new UsageError("DIR is missing");
  if (second !== undefined) throw new UsageError(`unexpected operand "${second}"`);
  return {
    directory,
    recount: switches.has("recount"),
    stateDirectory: stateDirectoryOf(values),
  };
}
