import { toText } from "@std/streams";
import { print } from "../stdio.ts";
import { optionsHelp, type OptionSpec, parseOptions } from "./args.ts";
import { authorizedLine, parsePublicKey, withLine } from "./authorized_key.ts";
import { StartError, UsageError } from "./errors.ts";
import { jailArguments, jailSpecs, parseJailOptions } from "./jail_options.ts";

const NEW_FILE_MODE = 0o600;
const MODE_BITS = 0o7777;

const SPECS: readonly OptionSpec[] = [
  { name: "jail", value: "DIR", help: "the directory that the key's owner sees as /" },
  { name: "binary", value: "PATH", help: "the program to run (default: this one)" },
  { name: "install", value: "FILE", help: "put the line into FILE instead of printing it" },
  ...jailSpecs.filter(({ name }) => !["help", "query", "check", "command"].includes(name)),
  { name: "help", letter: "h", help: "show this help" },
];

/** Runs `sftpwrap authorize`, and returns its exit status. */
export async function authorizeCommand(args: readonly string[]): Promise<number> {
  const { values, switches, operands } = parseOptions(args, SPECS);
  if (switches.has("help")) {
    print(help());
    return 0;
  }
  const directory = values.get("jail");
  if (directory === undefined) throw new UsageError("--jail DIR is missing");
  const [keyFile, second] = operands;
  if (keyFile === undefined) throw new UsageError("KEYFILE is missing (- for standard input)");
  if (second !== undefined) throw new UsageError(`unexpected operand "${second}"`);
  const key = parsePublicKey(await readKey(keyFile));
  const options = jailArguments(values, switches);
  parseJailOptions([...options, "--", directory]); // what the jail would refuse is refused now
  const line = authorizedLine(key, [
    values.get("binary") ?? ownBinary(),
    "jail",
    ...options,
    ...directory.startsWith("-") ? ["--"] : [],
    directory,
  ]);
  const file = values.get("install");
  if (file === undefined) print(line + "\n");
  else replaceFile(file, withLine(readIfThere(file), key, line));
  return 0;
}

function help(): string {
  return `usage: sftpwrap authorize --jail DIR [options] KEYFILE|-

Prints the authorized_keys line that lets the owner of a public key use the
jail DIR and nothing else. Options of sftpwrap jail go into the line.

${optionsHelp(SPECS)}
`;
}

async function readKey(file: string): Promise<string> {
  if (file === "-") return await toText(Deno.stdin.readable);
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new StartError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

/** The compiled program's own path; under `deno run` that would be Deno's. */
function ownBinary(): string {
  return Deno.build.standalone ? Deno.execPath() : "sftpwrap";
}

function readIfThere(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw new StartError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

/** Writes beside the file and renames: a reader sees the old lines or the new ones. */
function replaceFile(file: string, text: string): void {
  const target = targetOf(file);
  const before = target.info;
  const beside = `${target.path}.${crypto.randomUUID()}`;
  const mode = before?.mode === undefined || before.mode === null
    ? NEW_FILE_MODE
    : before.mode & MODE_BITS;
  try {
    const handle = Deno.openSync(beside, { write: true, createNew: true, mode: NEW_FILE_MODE });
    try {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += handle.writeSync(bytes.subarray(at));
      handle.syncSync();
    } finally {
      handle.close();
    }
    Deno.chmodSync(beside, mode);
    if (before !== undefined) Deno.chownSync(beside, before.uid, before.gid);
    Deno.renameSync(beside, target.path);
  } catch (error) {
    removeIfThere(beside);
    throw new StartError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

/** Where the file really is: a link to it stays a link. */
function targetOf(file: string): { readonly path: string; readonly info?: Deno.FileInfo } {
  try {
    const path = Deno.realPathSync(file);
    return { path, info: Deno.lstatSync(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { path: file };
    throw new StartError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
