import { decodeName, encodeName } from "../../names.ts";
import { StartError } from "../errors.ts";

const NEW_FILE_MODE = 0o600;
const MODE_BITS = 0o777;

/**
 * As `updateFile`, with Deno's own file API, which works by name only. Therefore it works only in a
 * directory that this user owns: in another user's, a name can lead to a different file at any
 * moment.
 *
 * @throws {StartError} If the directory is another user's; otherwise Deno's own system errors.
 */
export function updateFilePortably(file: string, change: (text: string) => string): void {
  const path = realPath(file);
  makeKeysDirectory(directoryOf(path));
  while (!tryToUpdate(path, change));
}

/** Returns false if the file has been replaced while another process held its lock. */
function tryToUpdate(path: string, change: (text: string) => string): boolean {
  const held = open(path);
  try {
    held.lockSync(true);
    const before = held.statSync();
    if (!isStillAt(path, before)) return false;
    const beside = `${path}.${crypto.randomUUID()}`;
    try {
      write(beside, change(read(path)));
      // Root can write everywhere; the owner of a new file shows which user this is.
      if (Deno.lstatSync(beside).uid !== Deno.lstatSync(directoryOf(path)).uid) {
        throw new StartError("its directory belongs to another user: run this as that user");
      }
      Deno.chmodSync(beside, (before.mode ?? NEW_FILE_MODE) & MODE_BITS);
      Deno.chownSync(beside, before.uid, before.gid);
      Deno.renameSync(beside, path);
    } catch (error) {
      removeIfThere(beside);
      throw error;
    }
    return true;
  } finally {
    held.close();
  }
}

function open(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return Deno.openSync(path, { append: true, create: true, mode: NEW_FILE_MODE });
  }
}

function isStillAt(path: string, { dev, ino }: Deno.FileInfo): boolean {
  try {
    const now = Deno.lstatSync(path);
    return now.dev === dev && now.ino === ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Keeps bytes that are not UTF-8, as in names. */
function read(path: string): string {
  const bytes = Deno.readFileSync(path);
  return decodeName(bytes, 0, bytes.length);
}

function write(path: string, text: string): void {
  const file = Deno.openSync(path, { write: true, createNew: true, mode: NEW_FILE_MODE });
  try {
    const bytes = encodeName(text);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
  } finally {
    file.close();
  }
}

/** The file's real path, so that a link to it stays a link. */
function realPath(file: string): string {
  try {
    return Deno.realPathSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return file;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Makes the directory for sshd's list of keys, if it has that directory's name. */
function makeKeysDirectory(directory: string): void {
  if (directory !== ".ssh" && !directory.endsWith("/.ssh")) return;
  try {
    Deno.mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw error;
  }
  if (Deno.lstatSync(directory).uid === Deno.statSync(directoryOf(directory)).uid) return;
  Deno.removeSync(directory);
  throw new StartError("its directory belongs to another user: run this as that user");
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "." : path.slice(0, slash) || "/";
}
