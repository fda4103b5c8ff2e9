import { messageOf, StartError } from "./errors.ts";
import { granted } from "./host.ts";

/** Files in a home directory that decide what runs when its owner logs in. */
const WAYS_OUT: readonly string[] = [
  ".ssh",
  ".profile",
  ".bash_profile",
  ".bash_login",
  ".bash_logout",
  ".bashrc",
  ".zshenv",
  ".zprofile",
  ".zshrc",
  ".zlogin",
  ".login",
  ".cshrc",
  ".tcshrc",
  ".kshrc",
  ".rhosts",
  ".shosts",
];

/**
 * The directory by its real path, where that may be read.
 *
 * @throws {StartError} If there is none, or it is not a directory.
 */
export function realDirectory(directory: string): string {
  try {
    const real = Deno.realPathSync(directory);
    if (!Deno.lstatSync(real).isDirectory) throw new StartError(`${directory} is not a directory`);
    return real;
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (error instanceof Deno.errors.NotFound) throw new StartError(`${directory} does not exist`);
    throw new StartError(`${directory} cannot be used: ${messageOf(error)}`);
  }
}

/** The reason why a client of a jail in `directory` could get out of it by the account's home, or nothing. */
export function wayOut(directory: string, home: string | undefined): string | undefined {
  // Who may write there gives himself a key without a forced command.
  if (directory.split("/").includes(".ssh")) return "it is .ssh, or lies in one";
  if (home === undefined) {
    const found = WAYS_OUT.find((name) => exists(`${directory}/${name}`));
    if (found !== undefined) return `it holds ${found}`;
  } else if (holds(directory, realOrSame(home))) {
    return "it holds the account's home directory, and so its .ssh and shell start-up files";
  }
  return undefined;
}

/** The reason why a client of a jail in `directory` could change its own log, or nothing. */
export function logWithin(directory: string, logFile: string | undefined): string | undefined {
  const within = logFile !== undefined && holds(directory, realOrSame(logFile));
  return within ? "it holds the log file" : undefined;
}

function holds(directory: string, path: string): boolean {
  return path === directory || directory === "/" || path.startsWith(directory + "/");
}

/** Also for a file that is yet to be made: then its directory's real path counts. */
function realOrSame(path: string): string {
  if (!granted({ name: "read", path })) return path;
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const slash = path.lastIndexOf("/");
    const parent = slash === -1 ? "." : path.slice(0, slash) || "/";
    return slash === 0 ? path : `${realOrSame(parent)}/${path.slice(slash + 1)}`;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
