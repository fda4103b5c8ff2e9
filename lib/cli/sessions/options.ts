import { UsageError } from "../errors.ts";
import {
  type CommandSpec,
  HELP_OPTION,
  helpOf,
  type OptionSpec,
  parseOptions,
} from "../options/args.ts";

/** What finds sessions. */
export interface FindOptions {
  /** A state folder, or a folder of state folders; where sessions keep theirs if absent. */
  readonly stateDirectory: string | undefined;
}

/** The parsed command line of `sftpwrap who`. */
export interface WhoOptions extends FindOptions {
  readonly json: boolean;
}

/** The parsed command line of `sftpwrap kick`. */
export interface KickOptions extends FindOptions {
  /** The sessions' IDs, or what these begin with. */
  readonly sessions: readonly string[];
}

const STATE_OPTION: OptionSpec = {
  name: "state-dir",
  value: "DIR",
  help: "the state folder of the sessions, or a folder of such folders",
};

/** The command line of `sftpwrap who`. */
export const whoSpec: CommandSpec = {
  name: "who",
  forms: ["[options]"],
  about: `
Lists the sessions that live: those of all users for root, else your own. Only
sessions that run with --who, or with a limit on sessions, are known. The bytes
are those of files, and up to a second old.
`,
  options: [
    STATE_OPTION,
    { name: "json", help: "print an object for each session, in a line" },
    HELP_OPTION,
  ],
};

/** The command line of `sftpwrap kick`. */
export const kickSpec: CommandSpec = {
  name: "kick",
  forms: ["[options] SESSION..."],
  about: `
Ends sessions: what they have open is closed and logged. SESSION is what
sftpwrap who prints, or the whole session of a JSON log. A session that hangs
is killed after ten seconds.

Exit status: 0 if all have ended, 1 otherwise.
`,
  options: [STATE_OPTION, HELP_OPTION],
};

/** Parses what follows `sftpwrap who`. */
export function parseWhoOptions(
  args: readonly string[],
): WhoOptions | { readonly print: string } {
  const { values, switches, operands } = parseOptions(args, whoSpec.options);
  if (switches.has("help")) return { print: helpOf(whoSpec) };
  if (operands.length > 0) throw new UsageError(`unexpected operand "${operands[0]}"`);
  return { stateDirectory: values.get("state-dir"), json: switches.has("json") };
}

/** The first group of an ID: what `sftpwrap who` prints is never shorter. */
const MIN_SESSION = /^[\da-f-]{4,36}$/;

/** Parses what follows `sftpwrap kick`. */
export function parseKickOptions(
  args: readonly string[],
): KickOptions | { readonly print: string } {
  const { values, switches, operands } = parseOptions(args, kickSpec.options);
  if (switches.has("help")) return { print: helpOf(kickSpec) };
  if (operands.length === 0) throw new UsageError("SESSION is missing");
  for (const operand of operands) {
    if (!MIN_SESSION.test(operand)) throw new UsageError(`"${operand}" is not a session`);
  }
  return { stateDirectory: values.get("state-dir"), sessions: operands };
}
