/**
 * The contract between the SFTP session and whatever holds the files.
 *
 * A storage is a tree of files. The session speaks the protocol for it:
 * packets, handles, order, extensions, `ls -l` lines. Each method has the
 * meaning of the POSIX call that it is named after, fails with a
 * `StorageError`, and may answer at once or by a promise.
 *
 * @module
 */

import type { FileAttrs, FileSystemStats, OwnerNames } from "../attrs.ts";
import type { MaybePromise } from "../async/maybe_promise.ts";

export type { ExtendedAttr, FileAttrs, FileSystemStats, OwnerNames } from "../attrs.ts";
export type { MaybePromise } from "../async/maybe_promise.ts";

/**
 * A path as a storage gets it: absolute, segments parted by one `/` each, none
 * of them empty, `.` or `..`, no NUL. Bytes that are not UTF-8 stand as lone
 * surrogates U+DC80 to U+DCFF.
 *
 * A storage that follows links itself ({@linkcode Storage.resolvesParents})
 * gets `..` where the client sent it, and a `/` at the end where the client
 * asks for a directory.
 */
export type VirtualPath = string;

/**
 * To be called between the pieces of work that may take long, and waited for
 * where it answers by a promise. It fails where nobody waits for the work any
 * more: the client has gone, or its time is over. That failure is passed on.
 */
export type Checkpoint = () => MaybePromise<void>;

/** How to open a file; SFTP's `pflags` by name. */
export interface OpenOptions {
  /** To read. Where neither `read` nor `write` is set, the session sets this one. */
  readonly read: boolean;
  /** To write. */
  readonly write: boolean;
  /** Every write goes to the end, whatever its position says. */
  readonly append: boolean;
  /** Make the file where there is none. */
  readonly create: boolean;
  /** Cut the file to length 0. */
  readonly truncate: boolean;
  /** With `create`: fail where there is a file (or a link, wherever it leads). */
  readonly exclusive: boolean;
  /** Attributes for a file that is made; `permissions` counts, most storages ignore the rest. */
  readonly attrs: FileAttrs;
}

/** An open file. */
export interface FileHandle {
  /**
   * Reads into `into` from byte `position`. READ.
   *
   * @param into A window on the reply, lent until this settles.
   * @param position Bytes from the file's beginning, a safe integer.
   * @returns Bytes read: less than asked for only at the end of the file, 0 behind it.
   */
  read(into: Uint8Array, position: number): MaybePromise<number>;

  /**
   * Writes all of `data` at byte `position`, or fails. WRITE.
   *
   * @param data Lent until this settles.
   * @param position Bytes from the file's beginning, a safe integer; ignored under `append`.
   */
  write(data: Uint8Array, position: number): MaybePromise<void>;

  /** The open file's attributes, whatever its name has become. FSTAT. */
  stat(): MaybePromise<FileAttrs>;

  /** Changes what is present in `attrs`: size, permissions, times, owner. FSETSTAT. */
  setAttrs(attrs: FileAttrs): MaybePromise<void>;

  /**
   * Ends the use of this handle: once and last, also when the session breaks
   * off. A storage that commits on close fails here where the upload fails. CLOSE.
   *
   * @param aborted The client did not ask for it: the session is ending.
   */
  close(aborted: boolean): MaybePromise<void>;
}

/** An entry of a directory. */
export interface DirEntry {
  /** The name. An empty one, and one with a `/` in it, is left out of what the client sees. */
  readonly name: string;
  /** The attributes of the entry itself: a link's own, not those of its target. */
  readonly attrs: FileAttrs;
  /** Number of hard links; 1 where absent. */
  readonly links?: number | undefined;
  /** The owner's name; the number is shown where absent. */
  readonly owner?: string | undefined;
  /** The group's name; the number is shown where absent. */
  readonly group?: string | undefined;
  /** A whole line like `ls -l`'s, where the storage has one from elsewhere. */
  readonly longname?: string | undefined;
}

/** An open directory. */
export interface DirHandle {
  /**
   * The next entries, at most `limit`, in any order; none at the end. `.` and
   * `..` are listed where the storage has them. READDIR.
   *
   * @param checkpoint For a directory that may look at very many entries before it has one to give.
   */
  next(limit: number, checkpoint?: Checkpoint): MaybePromise<readonly DirEntry[]>;

  /** Ends the use of this handle: once and last. CLOSE. */
  close(): MaybePromise<void>;
}

/** A range of one open file to copy to a place in another. */
export interface CopyRange<F extends FileHandle> {
  /** Read from here. */
  readonly source: F;
  /** Where to begin, in bytes. */
  readonly sourcePosition: number;
  /** How many bytes; `Infinity` for all up to the end. */
  readonly length: number;
  /** Written to here. */
  readonly target: F;
  /** Where to write, in bytes. */
  readonly targetPosition: number;
  /** For a storage that copies piece by piece. */
  readonly checkpoint?: Checkpoint | undefined;
}

/**
 * What a storage can do beyond SFTP itself. A method that is present is
 * advertised to the client and called; one that is absent is neither.
 */
export interface StorageExtensions<F extends FileHandle = FileHandle> {
  /** Renames over whatever is there, as rename(2). posix-rename@openssh.com */
  posixRename?(from: VirtualPath, to: VirtualPath): MaybePromise<void>;
  /** Makes `link` a second name of the file `existing`. hardlink@openssh.com */
  hardLink?(existing: VirtualPath, link: VirtualPath): MaybePromise<void>;
  /** As `setAttrs`, of a link itself; `size` is never present. lsetstat@openssh.com */
  setLinkAttrs?(path: VirtualPath, attrs: FileAttrs): MaybePromise<void>;
  /** Figures of the file system that holds `path`. statvfs@openssh.com */
  statVfs?(path: VirtualPath): MaybePromise<FileSystemStats>;
  /** Figures of the file system that holds an open file. fstatvfs@openssh.com */
  fileStatVfs?(file: F): MaybePromise<FileSystemStats>;
  /** Brings an open file to the disk. fsync@openssh.com */
  fsync?(file: F): MaybePromise<void>;
  /**
   * Copies between two open files without the client; refuses where both are
   * one file. Returns the bytes copied, less than asked for at the end. copy-data
   */
  copyData?(range: CopyRange<F>): MaybePromise<number>;
  /** Names of users and groups. users-groups-by-id@openssh.com */
  ownerNames?(uids: readonly number[], gids: readonly number[]): MaybePromise<OwnerNames>;
}

/** A tree of files. Whatever is not supported fails with the code `unsupported`. */
export interface Storage<F extends FileHandle = FileHandle> {
  /**
   * Set by a storage that follows links itself: it gets `..` and a closing `/`
   * as the client sent them, because the parent of `link/..` is that of what
   * the link leads to. For every other storage the session removes them.
   */
  readonly resolvesParents?: boolean;

  /** What this storage can do beyond SFTP itself. */
  readonly extensions: StorageExtensions<F>;

  /** Opens a file, never a directory. OPEN. */
  open(path: VirtualPath, options: OpenOptions): MaybePromise<F>;

  /** Opens a directory for listing. OPENDIR. */
  openDir(path: VirtualPath): MaybePromise<DirHandle>;

  /** Attributes of what `path` leads to. STAT. */
  stat(path: VirtualPath): MaybePromise<FileAttrs>;

  /** Attributes of `path` itself, where it is a link. LSTAT. */
  lstat(path: VirtualPath): MaybePromise<FileAttrs>;

  /**
   * Changes what is present in `attrs`, in the order size, permissions, times,
   * owner; tries all and fails with the last failure, as OpenSSH does. SETSTAT.
   */
  setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void>;

  /** The path without links, `.` and `..`; its last segment may not exist. REALPATH. */
  realPath(path: VirtualPath): MaybePromise<VirtualPath>;

  /** The text of a link, as it stands. READLINK. */
  readLink(path: VirtualPath): MaybePromise<string>;

  /** Makes the link `link` with the text `target`, kept as it stands. SYMLINK. */
  symlink(target: string, link: VirtualPath): MaybePromise<void>;

  /** Makes a directory; of `attrs`, `permissions` counts. MKDIR. */
  mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void>;

  /** Removes an empty directory, never anything else. RMDIR. */
  rmdir(path: VirtualPath): MaybePromise<void>;

  /** Removes a file or a link, never a directory. REMOVE. */
  remove(path: VirtualPath): MaybePromise<void>;

  /** Renames; fails where `to` is there, and leaves both as they were. RENAME. */
  rename(from: VirtualPath, to: VirtualPath): MaybePromise<void>;

  /** Ends the use of this storage: once and last, after every handle is closed. */
  close(): MaybePromise<void>;

  /**
   * The same files, for policies that decide by where a path leads: `realPath` follows every link,
   * and `rename` replaces nothing, whatever another program says of it. Absent where this storage
   * is such itself. Its `close` is this one's.
   */
  underPolicies?(): Storage<F>;
}
