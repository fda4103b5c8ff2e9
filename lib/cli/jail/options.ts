import type { ConfineMode } from "../start/confinement.ts";
import type { CommandSpec, OptionSpec } from "../options/args.ts";
import { UsageError } from "../errors.ts";
import { parseSession, type ServingOptions, sessionSpecs } from "../options/serving_options.ts";
import { QUOTA_OPTION, quotaLimit } from "../options/quota_options.ts";
import { oneOf } from "../options/values.ts";
import type { QuotaLimit } from "../../quota/books.ts";

const CONFINE_MODES = ["auto", "kernel", "portable"] as const satisfies readonly ConfineMode[];

/** The parsed command line of `sftpwrap jail`. */
export interface JailOptions extends ServingOptions {
  /** The directory, with its tokens; empty only if help or a list is asked for. */
  readonly directory: string;
  /** What a login shell was asked to run. */
  readonly command: string | undefined;
  readonly allowHome: boolean;
  readonly confine: ConfineMode;
  /** Report how well the jail is kept, instead of serving. */
  readonly check: boolean;
  /** What the jail may hold. */
  readonly quota: QuotaLimit | undefined;
}

const own: readonly OptionSpec[] = [
  {
    name: "confine",
    value: "MODE",
    choices: CONFINE_MODES,
    help: "kernel, portable, or auto (default): how the jail is kept",
  },
  { name: "check", help: "report how well the jail is kept, instead of serving" },
  { name: "allow-home", help: "allow a jail that contains .ssh, start-up files or the log" },
  {
    name: "command",
    letter: "c",
    value: "COMMAND",
    help: "the command that sshd passes to a login shell",
  },
  QUOTA_OPTION,
];

/** The command line of `sftpwrap jail`; the letters are OpenSSH's. */
export const jailSpec: CommandSpec = {
  name: "jail",
  forms: ["[options] DIR"],
  about: `
Serves SFTP on standard input and output. The client sees DIR as / and can
reach nothing else. OpenSSH starts it, from authorized_keys or sshd_config:

  command="sftpwrap jail /srv/sftp/alice",restrict ssh-ed25519 AAAA...
  ForceCommand sftpwrap jail /srv/sftp/%u

In DIR and with -d: %u user, %U user number, %h or %d home, %% a percent sign.
Operands after DIR are ignored.
`,
  options: sessionSpecs(own, {
    "log-to-stderr": "e",
    syslog: "f",
    umask: "u",
    "start-directory": "d",
    query: "Q",
    "read-only": "R",
    "deny-requests": "P",
    "allow-requests": "p",
  }),
};

/**
 * Parses what follows `sftpwrap jail`.
 *
 * @returns The options, or what to print instead of serving.
 * @throws {UsageError} If the command line cannot be understood.
 */
export function parseJailOptions(
  args: readonly string[],
): JailOptions | { readonly print: string } {
  return parseSession(args, jailSpec, ({ values, switches, operands }) => {
    const [directory, ...ignored] = operands;
    if (directory === undefined) throw new UsageError("DIR is missing");
    if (directory === "") throw new UsageError("DIR is empty");
    requireHarmless(directory, ignored);
    const quota = quotaLimit(values.get("quota"));
    if (quota !== undefined && switches.has("read-only")) {
      throw new UsageError("--read-only and --quota contradict each other");
    }
    return {
      directory,
      command: values.get("command"),
      allowHome: switches.has("allow-home"),
      confine: oneOf("confine", values.get("confine") ?? "auto", CONFINE_MODES),
      check: switches.has("check"),
      quota,
    };
  });
}

/**
 * Refuses operands after DIR, except those that programs append: sshd and `scp -D` add a host's
 * name and `sftp`. An option or another path there is a mistake, and the jail would not be the
 * intended one.
 */
function requireHarmless(directory: string, operands: readonly string[]): void {
  for (const operand of operands) {
    if (operand.startsWith("-")) {
      throw new UsageError(`"${operand}" is after "--", where options are not read`);
    }
    if (operand.includes("/")) {
      throw new UsageError(`there is more than one DIR: "${directory}" and "${operand}"`);
    }
  }
}
