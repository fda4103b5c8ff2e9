import { print } from "../transport/stdio.ts";
import { UsageError } from "./errors.ts";
import { orTold } from "./subcommand.ts";

/** A subcommand that is loaded when it runs. */
interface LateSubcommand {
  readonly name: string;
  readonly summary: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

/**
 * Each is loaded when it runs: a jail session evaluates no code of the others. A compiled program
 * contains for each subcommand a copy of all that it needs, so their classes are not the ones that
 * this file sees.
 */
const SUBCOMMANDS: readonly LateSubcommand[] = [
  {
    name: "jail",
    summary: "serve one directory as /",
    run: async (args) => await (await import("./jail/command.ts")).jailCommand(args),
  },
  {
    name: "proxy",
    summary: "pass every request on to another SFTP server",
    run: async (args) => await (await import("./proxy/command.ts")).proxyCommand(args),
  },
  {
    name: "gridfs",
    summary: "serve files that live in MongoDB's GridFS",
    run: async (args) => await (await import("./gridfs/command.ts")).gridFsCommand(args),
  },
  {
    name: "authorize",
    summary: "print or install the authorized_keys line for a jail",
    run: async (args) => await (await import("./authorize/command.ts")).authorizeCommand(args),
  },
  {
    name: "doctor",
    summary: "say what would keep a set-up from working, and what mends it",
    run: async (args) => await (await import("./doctor/command.ts")).doctorCommand(args),
  },
];

const USAGE = "usage: sftpwrap SUBCOMMAND [options] ...";

/**
 * Runs the command line and returns the exit status. Only a session writes SFTP to standard output;
 * help, version and lists are printed if no session was asked for, and every error goes to standard
 * error.
 *
 * @param version Returns the version; called only if it is asked for.
 */
export async function main(
  args: readonly string[],
  version: () => Promise<string>,
): Promise<number> {
  const [first, ...rest] = args;
  if (first === "--version" || first === "-V") {
    print(`sftpwrap ${await version()}\n`);
    return 0;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    print(help());
    return 0;
  }
  const subcommand = SUBCOMMANDS.find(({ name }) => name === first);
  if (subcommand !== undefined && rest[0] === "--version") {
    print(`sftpwrap ${await version()}\n`);
    return 0;
  }
  if (subcommand !== undefined) return await subcommand.run(rest);
  return await orTold(USAGE, () => {
    throw new UsageError(first === undefined ? "no subcommand" : `unknown subcommand "${first}"`);
  });
}

function help(): string {
  const lines = SUBCOMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  return `${USAGE}

An SFTP server that OpenSSH starts.

${lines.join("\n")}

sftpwrap SUBCOMMAND --help shows more, sftpwrap --version the version.
`;
}
