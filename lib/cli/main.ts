import { print } from "../transport/stdio.ts";
import { UsageError } from "./errors.ts";
import { exitStatusOf } from "./exit_status.ts";

/** A subcommand that is loaded when it runs. */
interface LazySubcommand {
  readonly name: string;
  readonly summary: string;
  readonly run: (args: readonly string[], build: Build) => Promise<number>;
}

/** What the program knows of its own build; it is asked only when that is needed. */
export interface Build {
  readonly version: () => Promise<string>;
  readonly date: () => Date;
}

const jail = async () => await import("./jail/command.ts");
const sessions = async () => await import("./sessions/command.ts");
const manual = async () => await import("./manual/command.ts");

/**
 * Each is loaded when it runs: a jail session evaluates no code of the others. A compiled program
 * contains for each subcommand a copy of all that it needs, so their classes are not the ones that
 * this file sees.
 */
export const SUBCOMMANDS: readonly LazySubcommand[] = [
  {
    name: "jail",
    summary: "serve one directory as /",
    run: async (args) => await (await jail()).jailCommand(args),
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
    name: "s3",
    summary: "serve files that are objects in a bucket of S3",
    run: async (args) => await (await import("./s3/command.ts")).s3Command(args),
  },
  {
    name: "authorize",
    summary: "print, install, list or remove lines of authorized_keys",
    run: async (args) => await (await import("./authorize/command.ts")).authorizeCommand(args),
  },
  {
    name: "doctor",
    summary: "say what would keep a set-up from working, and what mends it",
    run: async (args) => await (await import("./doctor/command.ts")).doctorCommand(args),
  },
  {
    name: "who",
    summary: "list the sessions that live",
    run: async (args) => await (await sessions()).whoCommand(args),
  },
  {
    name: "kick",
    summary: "end sessions",
    run: async (args) => await (await sessions()).kickCommand(args),
  },
  {
    name: "quota",
    summary: "say how much of its quota a jail uses",
    run: async (args) => await (await import("./quota/command.ts")).quotaCommand(args),
  },
  {
    name: "man",
    summary: "print a page of the manual",
    run: async (args, build) =>
      await (await manual()).manCommand(args, { subcommands: SUBCOMMANDS, ...build }),
  },
  {
    name: "completions",
    summary: "print the completions for bash, zsh or fish",
    run: async (args) =>
      await (await manual()).completionsCommand(args, { subcommands: SUBCOMMANDS }),
  },
  {
    name: "help",
    summary: "print the help of a subcommand, or a topic of the manual",
    run: async (args) => await (await manual()).helpCommand(args),
  },
];

/** The subcommands that a program may be made for. */
const SESSIONS: readonly string[] = ["jail", "proxy", "gridfs", "s3"];

const USAGE = "usage: sftpwrap SUBCOMMAND [options] ...";

/**
 * Runs the command line and returns the exit status. Only a session writes SFTP to standard output;
 * help, version and lists are printed if no session was asked for, and every error goes to standard
 * error.
 */
export async function main(args: readonly string[], build: Build): Promise<number> {
  const [first, ...rest] = args;
  if (first === "--version" || first === "-V") {
    print(`sftpwrap ${await build.version()}\n`);
    return 0;
  }
  if (first === "--help" || first === "-h" || first === "help" && rest.length === 0) {
    print(help());
    return 0;
  }
  // A program for one jail starts with the jail's arguments, and anything else comes after them.
  const isLast = (...names: readonly string[]) => names.includes(rest.at(-1) ?? "");
  const isValue = ["-c", "--command"].includes(rest.at(-2) ?? "");
  const given = rest.length > 1 && SESSIONS.includes(first ?? "")
    ? `${first} ${rest.slice(0, -1).join(" ")}`
    : "";
  // Only the bundle of a subcommand has what a log needs.
  const report = async (error: unknown) => {
    const { reportFailedStart } = await jail();
    reportFailedStart(error, args);
  };
  return await exitStatusOf({ usage: USAGE, report }, async () => {
    const subcommand = SUBCOMMANDS.find(({ name }) => name === first);
    if (subcommand === undefined) throw new UsageError(unknown(first));
    if (isLast("--version") && !isValue) {
      print(`sftpwrap ${await build.version()}\n`);
      if (given !== "") print(`arguments: ${given}\n`);
      return 0;
    }
    const status = await subcommand.run(rest, build);
    if (isLast("--help", "-h") && !isValue && given !== "" && status === 0) {
      print(`\narguments: ${given}\n`);
    }
    return status;
  });
}

/** Without what may hold a password, such as a URI: syslog gets this too. */
function unknown(subcommand: string | undefined): string {
  if (subcommand === undefined) return "no subcommand";
  return /^[\w./-]*$/.test(subcommand)
    ? `unknown subcommand "${subcommand}"`
    : "unknown subcommand";
}

function help(): string {
  const lines = SUBCOMMANDS.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}`);
  return `${USAGE}

An SFTP server that OpenSSH starts.

${lines.join("\n")}

sftpwrap SUBCOMMAND --help shows more, sftpwrap help --help the topics of the
manual, sftpwrap --version the version.
`;
}
