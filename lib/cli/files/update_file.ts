import { messageOf } from "../../message_of.ts";
import { decodeName, encodeName } from "../../names.ts";
import { FileType } from "../../attrs.ts";
import { Errno } from "../../linux/errno.ts";
import { check, StatusReader } from "../../storage/local/kernel/status.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { lockWithin } from "../../linux/lock_within.ts";
import { At, Open } from "../../linux/linux.ts";
import { StartError } from "../errors.ts";
import { updateFilePortably } from "./update_file_portable.ts";
import { type FilePlace, OTHERS_MAY_WRITE, ROOT_UID, withPlace } from "./file_place.ts";
import { nulTerminated, openAt } from "../../storage/local/kernel/open_at.ts";

const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const OTHERS_MAY_ENTER = 0o001;
const MODE_BITS = 0o777;
const GROUP_BITS = 0o070;

/** The largest list of keys; a larger file would only fill the memory. */
const MAX_BYTES = 16 * 1024 * 1024;

/** How long another process may lock the file. */
const LOCK_PATIENCE_MS = 30_000;

/**
 * Changes a text file as a whole. A reader sees the old text or the new one; other callers of this
 * function wait. Mode and owner stay, and a link to the file stays a link.
 *
 * A missing file is made for its owner alone, and so is its directory if that is called `.ssh`.
 * Root does this with the rights of the directory's owner; see {@linkcode withPlace}. A new file in
 * a directory of root's own that others may enter is readable for them, because sshd reads a list
 * of keys with the rights of the user who logs in.
 *
 * @throws {StartError} If the file cannot be read or written; then it is unchanged.
 */
export function updateFile(file: string, change: (text: string) => string): void {
  try {
    const libc = openLibcIfAllowed();
    if (libc === undefined) return updateFilePortably(file, change);
    withPlace(libc, file, (place) => {
      const update = new Update(libc, place);
      while (!update.attempt(change));
    }, { makeKeysDirectory: true });
  } catch (error) {
    throw new StartError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

class Update {
  readonly #libc: Libc;
  readonly #place: FilePlace;
  readonly #reader: StatusReader;

  constructor(libc: Libc, place: FilePlace) {
    this.#libc = libc;
    this.#place = place;
    this.#reader = new StatusReader(libc);
    const { status, owner } = place;
    // Root still has all its rights: then no other user may control what the name leads to.
    if (
      libc.geteuid() === ROOT_UID && owner === undefined &&
      (status.permissions & OTHERS_MAY_WRITE) !== 0
    ) {
      throw new StartError("others may change its directory, which belongs to root");
    }
  }

  /** Returns false if the file has been replaced while another process held its lock. */
  attempt(change: (text: string) => string): boolean {
    const { fd, isNew } = this.#open();
    // A new file is removed again, unless it is written or another process has replaced it.
    let isLeftover = isNew;
    try {
      this.#lock(fd);
      const { uid, gid, permissions } = this.#reader.ofOpen(fd);
      if (this.#reader.type !== FileType.REGULAR) throw new StartError("it is not a regular file");
      if (!this.#isStillThere(this.#reader.identity)) {
        isLeftover = false;
        return false;
      }
      const { owner } = this.#place;
      if (owner !== undefined && owner !== uid) {
        throw new StartError(`it belongs to user ${uid}, and its directory to user ${owner}`);
      }
      const text = change(this.#read(fd));
      this.#replace(text, { uid, gid, mode: permissions & MODE_BITS });
      isLeftover = false;
      return true;
    } finally {
      this.#libc.close(fd);
      if (isLeftover) this.#remove(this.#place.name);
    }
  }

  #open(): { readonly fd: number; readonly isNew: boolean } {
    const { directory, name, status } = this.#place;
    // A plain open of a FIFO would block.
    const safely = Open.NOFOLLOW | Open.NONBLOCK | Open.NOCTTY;
    const open = (flags: number, mode = 0) =>
      openAt(this.#libc, directory, { name, flags: flags | safely, mode });
    for (;;) {
      // On NFS, only a file that is open for writing can be locked.
      let fd = open(Open.RDWR);
      if (fd === -Errno.EACCES) fd = open(Open.RDONLY);
      if (fd === -Errno.ELOOP) throw new StartError("it has become a link");
      if (fd !== -Errno.ENOENT) return { fd: check(fd), isNew: false };
      const made = open(Open.RDWR | Open.CREAT | Open.EXCL, PRIVATE_MODE);
      if (made === -Errno.EEXIST) continue;
      check(made);
      const isOpen = this.#place.owner === undefined && status.uid === ROOT_UID &&
        (status.permissions & OTHERS_MAY_ENTER) !== 0;
      if (isOpen) check(this.#libc.fchmod(made, PUBLIC_MODE));
      return { fd: made, isNew: true };
    }
  }

  #lock(fd: number): void {
    const result = lockWithin(this.#libc, fd, LOCK_PATIENCE_MS);
    if (result === -Errno.EAGAIN) throw new StartError("another process holds its lock");
    check(result);
  }

  #isStillThere(identity: string): boolean {
    const result = this.#reader.lookAt(this.#place.directory, nulTerminated(this.#place.name));
    if (result === -Errno.ENOENT) return false;
    check(result);
    return this.#reader.identity === identity;
  }

  /** Keeps bytes that are not UTF-8, as in names. */
  #read(fd: number): string {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const part = new Uint8Array(64 * 1024);
      const count = check(this.#libc.pread(fd, part, length));
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      length += count;
      if (length > MAX_BYTES) throw new StartError("it is too long for a list of keys");
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return decodeName(bytes, 0, length);
  }

  #replace(text: string, { uid, gid, mode }: {
    readonly uid: number;
    readonly gid: number;
    readonly mode: number;
  }): void {
    const libc = this.#libc;
    const { directory, name } = this.#place;
    const beside = `${name}.${crypto.randomUUID()}`;
    const flags = Open.WRONLY | Open.CREAT | Open.EXCL | Open.NOFOLLOW;
    const fd = check(openAt(libc, directory, { name: beside, flags, mode: PRIVATE_MODE }));
    try {
      try {
        const bytes = encodeName(text);
        for (let at = 0; at < bytes.length;) at += check(libc.pwrite(fd, bytes.subarray(at), at));
        const keepsGroup = this.#giveTo(fd, uid, gid);
        check(libc.fchmod(fd, keepsGroup ? mode : mode & ~GROUP_BITS));
        check(libc.fsync(fd));
      } finally {
        libc.close(fd);
      }
      check(libc.renameat(directory, nulTerminated(beside), directory, nulTerminated(name)));
    } catch (error) {
      this.#remove(beside);
      throw error;
    }
  }

  /** Returns false if the owner is not in the group, which then gets no rights. */
  #giveTo(fd: number, uid: number, gid: number): boolean {
    const made = this.#reader.ofOpen(fd);
    if (made.uid === uid && made.gid === gid) return true;
    const result = this.#libc.fchownat(fd, nulTerminated(""), uid, gid, At.EMPTY_PATH);
    if (result === -Errno.EPERM && made.uid === uid) return false;
    return check(result) === 0;
  }

  #remove(name: string): void {
    const result = this.#libc.unlinkat(this.#place.directory, nulTerminated(name), 0);
    if (result !== -Errno.ENOENT) check(result);
  }
}
