import type { FileSystemStats, OpenOptions } from "../../storage.ts";
import { attempt, attemptExisting, errnoName } from "./deno_fs.ts";
import type { Libc } from "../../../linux/libc.ts";
import { fs } from "./node_fs.ts";
import { LeaseHeld } from "../lease_wait.ts";
import { type Opened, openToRead, openToWrite } from "./checked_close.ts";
import { PortableFile } from "./file.ts";

/** Bits that Deno's open clears; they are set afterwards. */
const SPECIAL_BITS = 0o7000;

/** What every open file of a root needs. */
export interface OpenContext {
  /** Returns the file system's figures. */
  readonly vfs: () => FileSystemStats;
  /** If it may be called: reports the result of a close. */
  readonly libc: Libc | undefined;
}

/** Opens a file that has been seen; undefined if it was removed since. */
export function openExisting(
  hostPath: string,
  options: OpenOptions,
  context: OpenContext,
): PortableFile | undefined {
  return attemptExisting(() => {
    const open = () => openUnlessLeased(hostPath, flagsOf(options));
    return fileOf(options.write ? openToWrite(open, context.libc) : openToRead(open), context);
  });
}

/** Creates a file; undefined if another program created it first. O_EXCL follows no link. */
export function makeFile(
  hostPath: string,
  options: OpenOptions,
  context: OpenContext & { readonly mode: number },
): PortableFile | undefined {
  const { mode, libc } = context;
  const makeIt = fs.constants.O_CREAT | fs.constants.O_EXCL;
  try {
    const access = options.write ? flagsOf(options) : fs.constants.O_WRONLY;
    const open = () => fs.openSync(hostPath, access | makeIt, mode & 0o777);
    const file = fileOf(openToWrite(open, libc), context);
    if (mode & SPECIAL_BITS) {
      file.chmod((file.stat().permissions & 0o777) | (mode & SPECIAL_BITS));
    }
    if (options.write) return file;
    // Deno 2.6 opens a new file for writing only, whatever is asked for: reopen it for reading.
    file.close();
    return openExisting(hostPath, options, context);
  } catch (error) {
    if (errnoName(error) === "EEXIST" && !options.exclusive) return undefined;
    return attempt(() => {
      throw error;
    });
  }
}

function fileOf(opened: Opened, { vfs }: OpenContext): PortableFile {
  const { dev, ino } = fs.fstatSync(opened.fd);
  return new PortableFile(opened, { dev, ino }, vfs);
}

/** @throws {LeaseHeld} If another process has to give up a lease first. */
function openUnlessLeased(hostPath: string, flags: number): number {
  try {
    return fs.openSync(hostPath, flags);
  } catch (error) {
    // Only a file that is known to be regular is opened here.
    if (errnoName(error) === "EAGAIN") throw new LeaseHeld();
    throw error;
  }
}

/** The system's flags; never waits for the other end of a FIFO. */
function flagsOf({ read, write, append }: OpenOptions): number {
  const access = read && write
    ? fs.constants.O_RDWR
    : write
    ? fs.constants.O_WRONLY
    : fs.constants.O_RDONLY;
  return access | (append ? fs.constants.O_APPEND : 0) | (fs.constants.O_NONBLOCK ?? 0);
}
