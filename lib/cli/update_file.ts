import { decodeName, encodeName } from "../names.ts";
import { messageOf, StartError } from "./errors.ts";

const NEW_FILE_MODE = 0o600;
const MODE_BITS = 0o7777;

/**
 * Changes a text file as a whole. Who reads it sees the old text or the new
 * one; who changes it by this function waits for others that do. Mode and
 * owner stay, a link to the file stays a link, and a file that is not there is
 * made for its owner alone.
 *
 * @throws {StartError} If the file cannot be read or written; it is as it was then.
 */
export function updateFile(file: string, change: (text: string) => string): void {
  try {
    const path = realPath(file);
    while (!tryToUpdate(path, change));
  } catch (error) {
    throw new StartError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

/** Returns false where the file has been replaced while somebody else held its lock. */
function tryToUpdate(path: string, change: (text: string) => string): boolean {
  const held = open(path);
  try {
    held.lockSync(true);
    const before = held.statSync();
    if (!isStillAt(path, before)) return false;
    const beside = `${path}.${crypto.randomUUID()}`;
    try {
      write(beside, change(read(path)));
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

/** With bytes that are not UTF-8 kept, as in names. */
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

/** Where the file really is, so that a link to it stays a link. */
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
