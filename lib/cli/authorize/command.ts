import { messageOf } from "../../message_of.ts";
import { toText } from "@std/streams";
import { print } from "../../transport/stdio.ts";
import { helpOf, type ParsedArgs, parseOptions } from "../options/args.ts";
import { authorizeSpec } from "./options.ts";
import { authorizedLine, parsePublicKey, withLine } from "./authorized_key.ts";
import { StartError, UsageError } from "../errors.ts";
import { identity } from "../start/host.ts";
import { logWithin, realDirectory } from "../jail/directory.ts";
import { jailArguments, parseJailOptions } from "../jail/options.ts";
import { runSubcommand } from "../subcommand.ts";
import { expandTokens } from "../options/tokens.ts";
import { updateFile } from "../files/update_file.ts";
import { wayOut } from "../jail/ways_out.ts";

/** Runs `sftpwrap authorize`, and returns its exit status. */
export async function authorizeCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, { spec: authorizeSpec, parse, run });
}

function parse(args: readonly string[]): ParsedArgs | { readonly print: string } {
  const given = parseOptions(args, authorizeSpec.options);
  return given.switches.has("help") ? { print: helpOf(authorizeSpec) } : given;
}

async function run(given: ParsedArgs): Promise<number> {
  const { values, operands } = given;
  const directory = values.get("jail");
  if (directory === undefined) throw new UsageError("--jail DIR is missing");
  const [keyFile, second] = operands;
  if (keyFile === undefined) throw new UsageError("KEYFILE is missing (- for standard input)");
  if (second !== undefined) throw new UsageError(`unexpected operand "${second}"`);
  const key = parsePublicKey(await readKey(keyFile));
  const options = jailArguments(given);
  // Options that the jail would refuse are refused now.
  const jail = parseJailOptions([...options, "--", directory]);
  for (const path of [directory, values.get("start-directory") ?? "", jailLog(given) ?? ""]) {
    expandTokens(path, { user: "user", uid: 0, home: "/" });
  }
  const line = authorizedLine(key, [
    values.get("binary") ?? ownBinary(),
    "jail",
    ...options,
    ...directory.startsWith("-") ? ["--"] : [],
    directory,
  ]);
  const file = values.get("install");
  requireJail(directory, {
    install: file,
    logFile: jailLog(given),
    allowHome: "allowHome" in jail && jail.allowHome,
  });
  if (file === undefined) print(line + "\n");
  else updateFile(file, (text) => withLine(text, key, line));
  return 0;
}

function jailLog({ values }: ParsedArgs): string | undefined {
  return values.get("logfile");
}

/**
 * Refuses a DIR in which the jail would not start. A DIR with tokens is known only at the start of
 * a session.
 *
 * @throws {UsageError} If DIR is relative: sshd starts the jail in the home directory.
 * @throws {StartError} If DIR cannot be used, or would let a client out of the jail.
 */
function requireJail(
  directory: string,
  { install, logFile, allowHome }: {
    readonly install: string | undefined;
    readonly logFile: string | undefined;
    readonly allowHome: boolean;
  },
): void {
  const isOpen = hasTokens(directory);
  if (!directory.startsWith("/") && !/^%[hd]/.test(directory)) {
    throw new UsageError(`DIR is relative: "${directory}" (sshd starts in the home directory)`);
  }
  if (isOpen) return;
  const real = realDirectory(expandTokens(directory, NO_ACCOUNT));
  if (allowHome) return;
  const who = identity();
  const accounts = [
    who,
    // Root may do this for any account: then only the content of DIR can show the danger.
    ...who.uid === 0 ? [NO_ACCOUNT] : [],
    ...install === undefined ? [] : [{ ...NO_ACCOUNT, home: homeOf(install) }],
  ];
  const reason = accounts.map((account) => wayOut(real, account, false))
    .find((found) => found !== undefined) ??
    (logFile === undefined || hasTokens(logFile)
      ? undefined
      : logWithin(real, expandTokens(logFile, NO_ACCOUNT)));
  if (reason !== undefined) {
    throw new StartError(`${directory} is not a safe jail: ${reason} (--allow-home overrides)`);
  }
}

const NO_ACCOUNT = { user: undefined, uid: undefined, home: undefined } as const;

function hasTokens(path: string): boolean {
  return /%[^%]/.test(path.replaceAll("%%", ""));
}

/**
 * The home directory of the account that a list of keys belongs to, or else the directory of the
 * list.
 */
function homeOf(file: string): string {
  const directory = file.replace(/\/?[^/]*$/, "") || (file.startsWith("/") ? "/" : ".");
  return directory.replace(/(^|\/)\.ssh$/, "") || (directory.startsWith("/") ? "/" : ".");
}

async function readKey(file: string): Promise<string> {
  if (file === "-") return await toText(Deno.stdin.readable);
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new StartError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

/** The compiled program's own path; under `deno run` this would be Deno's. */
function ownBinary(): string {
  return Deno.build.standalone ? Deno.execPath() : "sftpwrap";
}
