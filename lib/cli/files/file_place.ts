/**
 * Files that are named on the command line, for a program that may run as root. In a directory that
 * another user owns, a name can lead to a different file at any moment: there, root does what the
 * owner may do, and nothing more.
 *
 * @module
 */

import { FileType } from "../../attrs.ts";
import { decodeName } from "../../names.ts";
import { errorOfNumber } from "../../storage/errno.ts";
import { Errno } from "../../linux/errno.ts";
import { nulTerminated, openAt } from "../../storage/local/kernel/open_at.ts";
import { check, NO_NAME, StatusReader } from "../../storage/local/kernel/status.ts";
import type { Libc } from "../../linux/libc.ts";
import { AT_FDCWD, Open, PATH_MAX } from "../../linux/linux.ts";
import type { NodeStatus } from "../../storage/local/root.ts";
import { StorageError } from "../../storage/errors.ts";
import { MAX_SYMLINKS } from "../../storage/walk.ts";
import { StartError } from "../errors.ts";

/** The superuser. */
export const ROOT_UID = 0;
/** Permission bits by which a group or others may write. */
export const OTHERS_MAY_WRITE = 0o022;
/** In a directory with this bit, only its owner and a file's owner remove or rename the file. */
export const STICKY = 0o1000;

/** The directory in which sshd looks for a file of keys, and its mode. */
const KEYS_DIRECTORY = ".ssh";
const KEYS_DIRECTORY_MODE = 0o700;

/** A file's place: its directory, open, and its name there, which is not a link. */
export interface FilePlace {
  /** The directory's descriptor. */
  readonly directory: number;
  /** The name of the file, which may not exist. */
  readonly name: string;
  /** The directory as it was found. */
  readonly status: NodeStatus;
  /** The user whose rights root uses here; absent for root's own rights, and for any other user. */
  readonly owner: number | undefined;
  /** Whether no other user could have changed any directory on the way. */
  readonly isOwnWay: boolean;
}

/** How to look for a place. */
export interface PlaceOptions {
  /** Make a missing `.ssh`. */
  readonly makeKeysDirectory?: boolean;
  /**
   * Let root keep its rights in a directory of its own below another user's, unless a link of that
   * user leads there. That user may replace the directory with another one of root's.
   */
  readonly allowBelowOthers?: boolean;
}

/**
 * Calls `use` with the place of a file. Links on the way, and at the end of the path, are followed.
 *
 * Root goes from one directory to the next by descriptors. From the first one that another user
 * owns it has only that user's rights (setfsuid(2)), until the call is over. It follows a link only
 * if no other user could have made it, and does not pass a directory that others may change.
 *
 * @throws {StartError} If root would have to trust others on the way.
 * @throws {StorageError} If the directory does not exist or cannot be opened.
 */
export function withPlace<T>(
  libc: Libc,
  file: string,
  use: (place: FilePlace) => T,
  options: PlaceOptions = {},
): T {
  const walk = new Walk(libc, options);
  try {
    return use(walk.to(file));
  } catch (error) {
    if (walk.owner === undefined || !(error instanceof StorageError)) throw error;
    throw new StartError(`${error.message} (for user ${walk.owner}, whose directory it is in)`);
  } finally {
    walk.end();
  }
}

/** The walk from the root, or from the working directory, to a file. */
class Walk {
  readonly #libc: Libc;
  readonly #options: PlaceOptions;
  readonly #reader: StatusReader;
  /** Whether this is root, with all its rights. */
  #isRoot: boolean;
  #isOwnWay = true;
  /** The user whose rights the walk uses from here on. */
  owner: number | undefined;
  #directory = -1;
  /** The path as it was given, for messages. */
  #path = "";
  #status: NodeStatus = {} as NodeStatus;
  #giveBack: () => void = () => {};

  constructor(libc: Libc, options: PlaceOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#reader = new StatusReader(libc);
    this.#isRoot = libc.geteuid() === ROOT_UID;
  }

  to(file: string): FilePlace {
    if (file.endsWith("/")) throw errorOfNumber(Errno.EISDIR);
    this.#start(file);
    const ahead = segmentsOf(file).reverse();
    for (let links = 0;;) {
      const name = ahead.pop();
      if (name === undefined) throw errorOfNumber(file === "" ? Errno.ENOENT : Errno.EISDIR);
      const isLast = ahead.length === 0;
      const fd = openAt(this.#libc, this.#directory, { name, flags: Open.PATH | Open.NOFOLLOW });
      if (fd === -Errno.ENOENT && isLast) return this.#arrived(name);
      if (fd === -Errno.ENOENT && this.#mayMake(name, ahead)) {
        this.#make(name);
        ahead.push(name);
        continue;
      }
      check(fd);
      const type = this.#typeOf(fd);
      if (type === FileType.SYMLINK) {
        const text = this.#follow(fd, file);
        if (++links > MAX_SYMLINKS) throw errorOfNumber(Errno.ELOOP);
        if (text.startsWith("/")) this.#start(text);
        ahead.push(...segmentsOf(text).reverse());
      } else if (!isLast && type === FileType.DIRECTORY) {
        this.#enter(fd, name);
      } else {
        this.#libc.close(fd);
        if (!isLast) throw errorOfNumber(Errno.ENOTDIR);
        if (type === FileType.DIRECTORY) throw errorOfNumber(Errno.EISDIR);
        return this.#arrived(name);
      }
    }
  }

  end(): void {
    this.#giveBack();
    if (this.#directory >= 0) this.#libc.close(this.#directory);
  }

  #start(path: string): void {
    const flags = Open.PATH | Open.DIRECTORY;
    const name = path.startsWith("/") ? "/" : ".";
    this.#enter(check(openAt(this.#libc, AT_FDCWD, { name, flags })), name);
  }

  #enter(directory: number, name: string): void {
    this.#path = name === "/" || name === "." ? name : `${this.#path.replace(/\/$/, "")}/${name}`;
    if (this.#directory >= 0) this.#libc.close(this.#directory);
    this.#directory = directory;
    this.#status = this.#reader.ofOpen(directory);
    const { uid, permissions } = this.#status;
    if (uid !== ROOT_UID || (permissions & OTHERS_MAY_WRITE) !== 0) this.#isOwnWay = false;
    if (!this.#isRoot || this.#options.allowBelowOthers === true) return;
    if (uid !== ROOT_UID) {
      this.#workAsOwner();
    } else if ((permissions & OTHERS_MAY_WRITE) !== 0 && (permissions & STICKY) === 0) {
      throw new StartError(`${this.#path} belongs to root, and others may change it`);
    }
  }

  /** Continues with the rights of the directory's owner, if this is still root. */
  #workAsOwner(): void {
    const { uid, gid } = this.#status;
    if (!this.#isRoot || uid === ROOT_UID) return;
    this.#giveBack = assumeFileRights(this.#libc, uid, gid);
    this.#isRoot = false;
    this.owner = uid;
  }

  #arrived(name: string): FilePlace {
    this.#workAsOwner();
    if (name === "..") throw errorOfNumber(Errno.EISDIR);
    return {
      directory: this.#directory,
      name,
      status: this.#status,
      owner: this.owner,
      isOwnWay: this.#isOwnWay,
    };
  }

  #typeOf(fd: number): number {
    check(this.#reader.lookAtOpen(fd));
    return this.#reader.type;
  }

  /** The text of a link; closes it. */
  #follow(fd: number, file: string): string {
    try {
      this.#workAsOwner();
      const isOthers = this.#reader.ofOpen(fd).uid !== ROOT_UID;
      if (this.#isRoot && isOthers && (this.#status.permissions & OTHERS_MAY_WRITE) !== 0) {
        throw new StartError(`${file} leads through another user's link`);
      }
      const bytes = new Uint8Array(PATH_MAX);
      return decodeName(bytes, 0, check(this.#libc.readlinkat(fd, NO_NAME, bytes)));
    } finally {
      this.#libc.close(fd);
    }
  }

  #mayMake(name: string, ahead: readonly string[]): boolean {
    return this.#options.makeKeysDirectory === true && name === KEYS_DIRECTORY &&
      ahead.length === 1;
  }

  #make(name: string): void {
    const result = this.#libc.mkdirat(this.#directory, nulTerminated(name), KEYS_DIRECTORY_MODE);
    if (result !== -Errno.EEXIST) check(result);
  }
}

/**
 * Gives this thread another user's rights to files.
 *
 * @param others Its groups besides `gid`.
 * @returns A function that restores the rights.
 */
export function assumeFileRights(
  libc: Libc,
  uid: number,
  gid: number,
  others: readonly number[] = [],
): () => void {
  const groups = libc.getgroups();
  check(libc.setgroups(Uint32Array.from(others)));
  const previousGid = libc.setfsgid(gid);
  const previousUid = libc.setfsuid(uid);
  const giveBack = () => {
    libc.setfsuid(previousUid);
    libc.setfsgid(previousGid);
    check(libc.setgroups(groups));
  };
  if (libc.setfsuid(-1) === uid && libc.setfsgid(-1) === gid) return giveBack;
  giveBack();
  throw new StartError(`its directory belongs to user ${uid}, whose rights cannot be taken on`);
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}
