/**
 * The state folder: what sessions of one user keep for each other, outside of any jail.
 *
 * @module
 */

import { messageOf } from "../../message_of.ts";
import { Errno } from "../../linux/errno.ts";
import type { Libc } from "../../linux/libc.ts";
import { AT_FDCWD, Open } from "../../linux/linux.ts";
import { check, StatusReader } from "../../storage/local/kernel/status.ts";
import type { NodeStatus } from "../../storage/local/root.ts";
import { StartError } from "../errors.ts";
import { OTHERS_MAY_WRITE, ROOT_UID, STICKY } from "../files/file_place.ts";
import { nulTerminated, openAt } from "../../storage/local/kernel/open_at.ts";
import { containmentOf } from "../jail/containment.ts";

/** Where each user may have a folder; packages make it, with the mode of `/tmp`. */
export const SHARED_STATE = "/run/sftpwrap";

/** The folder below a user's home, where there is no {@linkcode SHARED_STATE}. */
export const HOME_STATE = [".local", "state", "sftpwrap"] as const;

const PRIVATE_MODE = 0o700;

/** Of faccessat(2). */
const MAY_WRITE_AND_ENTER = 0o3;

/** Where the state folder is, and what it must not be in. */
export interface StatePlace {
  /** What the command line says (`--state-dir`), with its tokens expanded. */
  readonly given: string | undefined;
  /** The user's home directory, if it is known. */
  readonly home: string | undefined;
  /** The jail, by its real path. */
  readonly jail?: string | undefined;
  /** Where each user may have a folder. */
  readonly shared?: string;
}

/** The state folder, open. */
export interface StateDirectory {
  /** Its path, for messages. */
  readonly path: string;
  /** Its descriptor, which can be locked and read. */
  readonly descriptor: number;
}

/**
 * Opens the user's state folder, and makes it if it is not there: the given one, or the user's own
 * in {@linkcode SHARED_STATE} if that exists, or one below the home directory.
 *
 * The environment has no say in it: what keeps a limit must not depend on what a client may set.
 *
 * @throws {StartError} If it cannot be made, is a link, belongs to another user, may be written by
 *   others, or is in the jail.
 */
export function openStateDirectory(libc: Libc, place: StatePlace): StateDirectory {
  return withWay(libc, place, (ways) => {
    for (const way of ways) make(libc, way);
    const path = ways.at(-1)!;
    return { path, descriptor: openOwn(libc, path) };
  });
}

/**
 * As {@linkcode openStateDirectory}, but makes nothing.
 *
 * @returns The path alone if the folder could be made.
 */
export function findStateDirectory(
  libc: Libc,
  place: StatePlace,
): StateDirectory | { readonly path: string; readonly descriptor?: never } {
  return withWay(libc, place, (ways) => {
    const path = ways.at(-1)!;
    const missing = ways.find((way) => libc.faccessat(AT_FDCWD, nulTerminated(way), 0) < 0);
    if (missing === undefined) return { path, descriptor: openOwn(libc, path) };
    const parent = nulTerminated(missing.replace(/\/[^/]+\/*$/, "") || "/");
    check(libc.faccessat(AT_FDCWD, parent, MAY_WRITE_AND_ENTER));
    return { path };
  });
}

function withWay<T>(libc: Libc, place: StatePlace, use: (ways: readonly string[]) => T): T {
  const ways = wayTo(libc, place);
  const path = ways.at(-1)!;
  try {
    if (place.jail !== undefined && containmentOf(place.jail).holds(path)) {
      throw new StartError("it is in the jail, and clients could change it (--state-dir DIR)");
    }
    return use(ways);
  } catch (error) {
    throw new StartError(`the state folder ${path} cannot be used: ${messageOf(error)}`);
  }
}

/** The folders to make, from the outermost on; the last is the state folder. */
function wayTo(libc: Libc, { given, home, shared = SHARED_STATE }: StatePlace): readonly string[] {
  if (given !== undefined) return [given];
  if (isShared(libc, shared)) return [`${shared}/${libc.geteuid()}`];
  if (home === undefined) {
    throw new StartError("there is no place for a state folder: HOME is not set (--state-dir DIR)");
  }
  return HOME_STATE.map((_, index) => `${home}/${HOME_STATE.slice(0, index + 1).join("/")}`);
}

/** @throws {StartError} If others than root could replace a folder in it. */
function isShared(libc: Libc, path: string): boolean {
  const fd = openDirectory(libc, path);
  if (fd === -Errno.ENOENT) return false;
  const { uid, permissions } = statusOf(libc, check(fd));
  const isKept = (permissions & OTHERS_MAY_WRITE) === 0 || (permissions & STICKY) !== 0;
  if (isKept && [ROOT_UID, libc.geteuid()].includes(uid)) return true;
  throw new StartError(`others may replace folders in ${path} (mode 1777 and owner root)`);
}

function make(libc: Libc, path: string): void {
  const result = libc.mkdirat(AT_FDCWD, nulTerminated(path), PRIVATE_MODE);
  // A file system that is read-only says so even of what is there.
  if (result !== -Errno.EEXIST && result !== -Errno.EROFS) check(result);
}

function openOwn(libc: Libc, path: string): number {
  const fd = openDirectory(libc, path);
  if (fd === -Errno.ELOOP || fd === -Errno.ENOTDIR) {
    throw new StartError("it is a link or no directory");
  }
  check(fd);
  const { uid, permissions } = new StatusReader(libc).ofOpen(fd);
  const wrong = uid !== libc.geteuid()
    ? `it belongs to user ${uid}`
    : (permissions & OTHERS_MAY_WRITE) !== 0
    ? `others may write in it (chmod 700 ${path})`
    : undefined;
  if (wrong === undefined) return fd;
  libc.close(fd);
  throw new StartError(wrong);
}

function openDirectory(libc: Libc, path: string): number {
  return openAt(libc, AT_FDCWD, {
    name: path,
    flags: Open.RDONLY | Open.DIRECTORY | Open.NOFOLLOW,
  });
}

function statusOf(libc: Libc, fd: number): NodeStatus {
  try {
    return new StatusReader(libc).ofOpen(fd);
  } finally {
    libc.close(fd);
  }
}
