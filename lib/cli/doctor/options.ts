import { UsageError } from "../errors.ts";
import { type CommandSpec, helpOf, parseOptions } from "../options/args.ts";

/** The subcommands whose set-up can be checked. */
export type Checked = "jail" | "proxy" | "gridfs" | "s3";

/** The parsed command line of `sftpwrap doctor`. */
export interface DoctorOptions {
  readonly subcommand: Checked;
  /** The command line of the subcommand. */
  readonly args: readonly string[];
  /** The account to look as. */
  readonly user: string | undefined;
  readonly sshdConfig: string | undefined;
  /** Leave sshd out. */
  readonly noSshd: boolean;
}

/** The command line of `sftpwrap doctor`; its options are before the name of the subcommand. */
export const doctorSpec: CommandSpec = {
  name: "doctor",
  forms: ["[options] jail|proxy|gridfs|s3 ..."],
  about: `
Tries what a session would do, and says what would go wrong, and the command
that mends it. What follows is the very line that sshd runs, after sftpwrap:

  sftpwrap doctor --user alice jail --read-only /srv/sftp/alice

Exit status: 0 if all is right, 1 if something is BAD.
`,
  choices: ["jail", "proxy", "gridfs", "s3"],
  options: [
    { name: "user", letter: "u", value: "USER", help: "look as this user; for root" },
    { name: "sshd-config", letter: "f", value: "FILE", help: "sshd's configuration" },
    { name: "no-sshd", help: "look at the session alone, not at sshd" },
    { name: "help", letter: "h", help: "show this help" },
  ],
};

/**
 * Parses what follows `sftpwrap doctor`.
 *
 * @throws {UsageError} If the command line cannot be understood.
 */
export function parseDoctorOptions(
  args: readonly string[],
): DoctorOptions | { readonly print: string } {
  const at = subcommandAt(args);
  const { values, switches, operands } = parseOptions(args.slice(0, at), doctorSpec.options);
  if (switches.has("help")) return { print: helpOf(doctorSpec) };
  const name = args[at];
  if (operands.length > 0 || name !== undefined && !isChecked(name)) {
    throw new UsageError(`"${operands[0] ?? name}" is not jail, proxy, gridfs or s3`);
  }
  if (name === undefined) {
    throw new UsageError("the subcommand is missing: jail, proxy, gridfs or s3");
  }
  return {
    subcommand: name,
    args: args.slice(at + 1),
    user: values.get("user"),
    sshdConfig: values.get("sshd-config"),
    noSshd: switches.has("no-sshd"),
  };
}

/** Where the first operand is: the value of an option may be called `jail` too. */
function subcommandAt(args: readonly string[]): number {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (!arg.startsWith("-")) return index;
    const spec = doctorSpec.options.find(({ name, letter }) =>
      arg === `--${name}` || arg === `-${letter}`
    );
    if (spec?.value !== undefined) index++;
  }
  return args.length;
}

function isChecked(name: string): name is Checked {
  return name === "jail" || name === "proxy" || name === "gridfs" || name === "s3";
}
