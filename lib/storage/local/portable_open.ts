import type { FileSystemStats, OpenOptions } from "../storage.ts";
import { attempt, attemptExisting, errnoName } from "./deno_fs.ts";
import { fs } from "./node_fs.ts";
import { OnLease } from "./patience.ts";
import { PortableFile } from "./portable_file.ts";

/** Bits that open of Deno cuts off; they are set afterwards. */
const SPECIAL_BITS = 0o7000;

/** Opens a file that has been seen; nothing where it has gone since. */
export function openExisting(
  hostPath: string,
  options: OpenOptions,
  vfs: () => FileSystemStats,
): PortableFile | undefined {
  const fd = attemptExisting(() => openUnlessLeased(hostPath, flagsOf(options)));
  return fd === undefined ? undefined : opened(fd, vfs);
}

/** Makes a file; nothing where somebody else made it first. O_EXCL follows no link. */
export function makeFile(
  hostPath: string,
  options: OpenOptions,
  { mode, vfs }: { readonly mode: number; readonly vfs: () => FileSystemStats },
): PortableFile | undefined {
  const makeIt = fs.constants.O_CREAT | fs.constants.O_EXCL;
  try {
    const access = options.write ? flagsOf(options) : fs.constants.O_WRONLY;
    const file = opened(fs.openSync(hostPath, access | makeIt, mode & 0o777), vfs);
    if (mode & SPECIAL_BITS) {
      file.chmod((file.stat().permissions & 0o777) | (mode & SPECIAL_BITS));
    }
    if (options.write) return file;
    // Deno 2.6 gives a new file to write only, whatever is asked for: one to read is opened anew.
    file.close();
    return openExisting(hostPath, options, vfs);
  } catch (error) {
    if (errnoName(error) === "EEXIST" && !options.exclusive) return undefined;
    return attempt(() => {
      throw error;
    });
  }
}

function opened(fd: number, vfs: () => FileSystemStats): PortableFile {
  const { dev, ino } = fs.fstatSync(fd);
  return new PortableFile(fd, { dev, ino }, vfs);
}

/** @throws {OnLease} Where another process has a lease to give back first. */
function openUnlessLeased(hostPath: string, flags: number): number {
  try {
    return fs.openSync(hostPath, flags);
  } catch (error) {
    // Only a file that is known to be a regular one is opened here.
    if (errnoName(error) === "EAGAIN") throw new OnLease();
    throw error;
  }
}

/** The system's flags; without waiting for the other end of a FIFO. */
function flagsOf({ read, write, append }: OpenOptions): number {
  const access = read && write
    ? fs.constants.O_RDWR
    : write
    ? fs.constants.O_WRONLY
    : fs.constants.O_RDONLY;
  return access | (append ? fs.constants.O_APPEND : 0) | (fs.constants.O_NONBLOCK ?? 0);
}
