import { messageOf } from "../../message_of.ts";
import { toText } from "@std/streams";
import { escapeControls } from "../../audit/log_text.ts";
import { print } from "../../transport/stdio.ts";
import { argumentsOf, helpOf, type ParsedArgs, parseOptions } from "../options/args.ts";
import { StartError, UsageError } from "../errors.ts";
import { updateFile } from "../files/update_file.ts";
import { statusOf } from "../jail/containment.ts";
import { parseJailOptions } from "../jail/options.ts";
import { sessionIn } from "../options/serving_options.ts";
import { identity } from "../start/host.ts";
import { MAX_LOG_USER_LENGTH } from "../options/log_options.ts";
import { runSubcommand } from "../subcommand.ts";
import { accountFor } from "./account.ts";
import { authorizedLine, shellLine, withLine } from "./authorized_key.ts";
import { listOf, type Wanted, without } from "./installed.ts";
import { requireJail } from "./jail_directory.ts";
import { expiryTime, sourcePatterns } from "./key_options.ts";
import { authorizeSpec, authorizeSpecFor } from "./options.ts";
import { cleaned, fingerprint, parsePublicKey, type PublicKey } from "./public_key.ts";
import { type Target, targetNamed } from "./target.ts";

/** The command line, and what the key is for. */
interface Given extends ParsedArgs {
  readonly target: Target;
}

/** Runs `sftpwrap authorize`, and returns its exit status. */
export async function authorizeCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, { spec: authorizeSpec, parse, run, isForPeople: true });
}

function parse(args: readonly string[]): Given | { readonly print: string } {
  const target = targetNamed(args);
  const spec = authorizeSpecFor(target);
  const given = parseOptions(args, spec.options);
  return given.switches.has("help") ? { print: helpOf(spec) } : { ...given, target };
}

async function run(given: Given): Promise<number> {
  const { values, lists, switches, operands: [operand, second] } = given;
  if (second !== undefined) throw new UsageError(`unexpected operand "${second}"`);
  const isAbout = ["list", "remove"].filter((name) => switches.has(name) || values.has(name));
  if (isAbout.length === 0) return await authorize(given, operand);
  if (operand === undefined) {
    throw new UsageError("FILE is missing, such as ~/.ssh/authorized_keys");
  }
  if ([...values.keys(), ...switches, ...[...lists.values()].flat()].length > 1) {
    throw new UsageError(`--${isAbout[0]} takes no other option`);
  }
  const wanted = values.get("remove");
  if (wanted === undefined) print(escapeLines(listOf(readList(operand))));
  else remove(operand, wantedKey(wanted));
  return 0;
}

async function authorize(given: Given, keyFile: string | undefined): Promise<number> {
  const { values, target } = given;
  const place = values.get(target.name);
  if (place === undefined && !values.has("uri-file")) {
    throw new UsageError("--jail DIR is missing (or --proxy HOST, --gridfs URI or --s3 URL)");
  }
  if (keyFile === undefined) throw new UsageError("KEYFILE is missing (- for standard input)");
  const key = parsePublicKey(
    keyFile === "-" ? await toText(Deno.stdin.readable) : readText(keyFile),
  );
  const options = [...userOption(given, key), ...argumentsOf(given, target.specs)];
  const operands = place === undefined ? [] : [place];
  const args = [...options, ...place?.startsWith("-") ? ["--"] : [], ...operands];
  // What the session would refuse is refused now.
  target.told(args);
  const secret = target.secretIn(args);
  if (secret !== undefined) {
    throw new UsageError(`a line with a password shows it to others: use ${secret}`);
  }
  const binary = values.get("binary") ?? ownBinary();
  const line = authorizedLine(key, [binary, target.name, ...args], limits(values));
  const file = values.get("install");
  if (target.name === "jail") requireJail(sessionIn(parseJailOptions(args)), file);
  if (file === undefined) {
    print(line + "\n");
    return 0;
  }
  updateFile(file, (text) => withLine(text, key, line));
  const { user } = accountFor(file);
  const asUser = user === undefined || user === identity().user ? [] : [`--user=${user}`];
  print(escapeLines(`${file}: ${fingerprint(key)} may run sftpwrap ${target.name}
next: ${shellLine([binary, "doctor", ...asUser, target.name, ...args])}
then: sftp -i PRIVATE-KEY ${user ?? "USER"}@HOST
`));
  return 0;
}

/** The key's comment as the name in the log, if the session takes one and none is given. */
function userOption({ values, target }: Given, { comment }: PublicKey): readonly string[] {
  const isTaken = target.specs.some(({ name }) => name === "log-user");
  return isTaken && !values.has("log-user") && comment !== ""
    ? [`--log-user=${[...comment].slice(0, MAX_LOG_USER_LENGTH).join("")}`]
    : [];
}

function limits(values: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const from = values.get("from");
  const expiry = values.get("expiry-time");
  return {
    ...from === undefined ? {} : { from: sourcePatterns(from) },
    ...expiry === undefined ? {} : { "expiry-time": expiryTime(expiry) },
  };
}

function remove(file: string, wanted: Wanted): void {
  // A missing file would be made.
  readList(file);
  updateFile(file, (text) => without(text, wanted));
}

/** The text of a list of keys; reading a FIFO would block. */
function readList(file: string): string {
  if (statusOf(file)?.isFile === false) throw new StartError(`${file} is not a regular file`);
  return readText(file);
}

/** A file of that name is the key's; otherwise it is a fingerprint or a comment. */
function wantedKey(text: string): Wanted {
  try {
    return parsePublicKey(Deno.readTextFileSync(text));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { text: cleaned(text) };
    if (error instanceof UsageError) throw error;
    throw new StartError(`cannot read ${text}: ${messageOf(error)}`);
  }
}

function readText(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw new StartError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

/** What a terminal shows may come from a file. */
function escapeLines(text: string): string {
  return text.split("\n").map((line) => line.split("\t").map(escapeControls).join("\t")).join("\n");
}

/** The compiled program's own path; under `deno run` this would be Deno's. */
function ownBinary(): string {
  return Deno.build.standalone ? Deno.execPath() : "sftpwrap";
}
