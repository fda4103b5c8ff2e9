/**
 * The contract between the SFTP session and the storage that holds the files.
 *
 * A storage is a tree of files. The session speaks the protocol for it:
 * packets, handles, order, extensions, `ls -l` lines. Each method means what
 * the POSIX call of its name means, fails with a `StorageError`, and may return
 * its result or a promise of it.
 *
 * @module
 */

import type { FileAttrs, FileSystemStats, OwnerNames } from "../attrs.ts";
import type { MaybePromise } from "../async/maybe_promise.ts";

export type { ExtendedAttr, FileAttrs, FileSystemStats, OwnerNames } from "../attrs.ts";
export type { MaybePromise } from "../async/maybe_promise.ts";

/**
 * A path as a storage gets it: absolute, with a single `/` between segments, none
 * of which is empty, `.` or `..`, and no NUL. Bytes that are not UTF-8 are lone
 * surrogates U+DC80 to U+DCFF.
 *
 * A storage that follows links itself ({@linkcode Storage.resolvesParents})
 * gets `..` where the client sent it, and a `/` at the end where the client
 * asks for a directory.
 */
export type VirtualPath = string;

/**
 * A storage calls it between pieces of long work, and awaits it if it returns a
 * promise. It fails when the work is no longer wanted: the client is gone, or its
 * time is over. The storage passes that failure on.
 */
export type Checkpoint = () => MaybePromise<void>;

/** How to open a file; SFTP's `pflags` by name. */
export interface OpenOptions {
  /** Open for reading. If neither `read` nor `write` is set, the session sets this one. */
  readonly read: boolean;
  /** Open for writing. */
  readonly write: boolean;
  /** Every write goes to the end, whatever its position says. */
  readonly append: boolean;
  /** Create the file if it does not exist. */
  readonly create: boolean;
  /** Truncate the file to length 0. */
  readonly truncate: boolean;
  /** With `create`: fail if the file exists, or a link does, wherever it leads. */
  readonly exclusive: boolean;
  /** Attributes for a new file; most storages use only `permissions`. */
  readonly attrs: FileAttrs;
}

/** An open file. */
export interface FileHandle {
  /**
   * Reads into `into` from byte `position`. READ.
   *
   * @param into A window on the reply, lent until this settles.
   * @param position Bytes from the file's beginning, a safe integer.
   * @returns Bytes read: less than asked for only at the end of the file, 0 beyond it.
   */
  read(into: Uint8Array, position: number): MaybePromise<number>;

  /**
   * Writes all of `data` at byte `position`, or fails. WRITE.
   *
   * @param data Lent until this settles.
   * @param position Bytes from the file's beginning, a safe integer; ignored with `append`.
   */
  write(data: Uint8Array, position: number): MaybePromise<void>;

  /** The open file's attributes, whatever its name has become. FSTAT. */
  stat(): MaybePromise<FileAttrs>;

  /** Changes what is present in `attrs`: size, permissions, times, owner. FSETSTAT. */
  setAttrs(attrs: FileAttrs): MaybePromise<void>;

  /**
   * Ends the use of this handle. It is called once, as the last call, also when
   * the session breaks off. A storage that commits on close fails here if the
   * upload fails. CLOSE.
   *
   * @param aborted The client did not ask for it: the session is ending.
   */
  close(aborted: boolean): MaybePromise<void>;

  /**
   * A change of the content was asked for and has failed, here or in what is around this storage:
   * the file is not what the client means it to be. For a storage that commits on close.
   */
  spoil?(): void;
}

/** An entry of a directory. */
export interface DirEntry {
  /** The name. An empty one, and one with a `/` in it, is left out of what the client sees. */
  readonly name: string;
  /** The attributes of the entry itself: a link's own, not those of its target. */
  readonly attrs: FileAttrs;
  /** Number of hard links; 1 if absent. */
  readonly links?: number | undefined;
  /** The owner's name; if absent, the number is shown. */
  readonly owner?: string | undefined;
  /** The group's name; if absent, the number is shown. */
  readonly group?: string | undefined;
  /** A whole line like that of `ls -l`, if the storage got one from elsewhere. */
  readonly longname?: string | undefined;
}

/** An open directory. */
export interface DirHandle {
  /**
   * The next entries, at most `limit`, in any order; none at the end. `.` and
   * `..` are listed if the storage has them. READDIR.
   *
   * @param checkpoint For a directory that may look at many entries before it finds one to return.
   */
  next(limit: number, checkpoint?: Checkpoint): MaybePromise<readonly DirEntry[]>;

  /** Ends the use of this handle. It is called once, as the last call. CLOSE. */
  close(): MaybePromise<void>;
}

/** A range of one open file to copy to a position in another. */
export interface CopyRange<F extends FileHandle> {
  /** The file to read from. */
  readonly source: F;
  /** Where to begin, in bytes. */
  readonly sourcePosition: number;
  /** How many bytes; `Infinity` for all up to the end. */
  readonly length: number;
  /** The file to write to. */
  readonly target: F;
  /** Where to write, in bytes. */
  readonly targetPosition: number;
  /** For a storage that copies piece by piece. */
  readonly checkpoint?: Checkpoint | undefined;
}

/**
 * What a storage can do beyond SFTP itself. A method that is present is
 * advertised to the client and called; one that is absent is not.
 */
export interface StorageExtensions<F extends FileHandle = FileHandle> {
  /** Renames and replaces what is at `to`, as rename(2) does. posix-rename@openssh.com */
  posixRename?(from: VirtualPath, to: VirtualPath): MaybePromise<void>;
  /** Makes `link` a second name of the file `existing`. hardlink@openssh.com */
  hardLink?(existing: VirtualPath, link: VirtualPath): MaybePromise<void>;
  /** Like `setAttrs`, for a link itself; `size` is never present. lsetstat@openssh.com */
  setLinkAttrs?(path: VirtualPath, attrs: FileAttrs): MaybePromise<void>;
  /** Figures of the file system that holds `path`. statvfs@openssh.com */
  statVfs?(path: VirtualPath): MaybePromise<FileSystemStats>;
  /** Figures of the file system that holds an open file. fstatvfs@openssh.com */
  fileStatVfs?(file: F): MaybePromise<FileSystemStats>;
  /** Flushes an open file to the disk. fsync@openssh.com */
  fsync?(file: F): MaybePromise<void>;
  /**
   * Copies between two open files without the client; refuses if both are the
   * same file. Returns the bytes copied, less than asked for at the end. copy-data
   */
  copyData?(range: CopyRange<F>): MaybePromise<number>;
  /** Names of users and groups. users-groups-by-id@openssh.com */
  ownerNames?(uids: readonly number[], gids: readonly number[]): MaybePromise<OwnerNames>;
}

/** What a node takes of the space of its storage. */
export interface NodeUsage {
  /** Bytes of the storage; a directory's own, without what is in it. */
  readonly bytes: number;
  /** The length of the content. */
  readonly size: number;
  /** The same under each name of the node, and different for every other node. */
  readonly identity: string;
  /** Names of a file, 0 once it is removed; 1 for a directory. */
  readonly links: number;
}

/** Tells what nodes take: quotas need it. */
export interface UsageSupport<F extends FileHandle = FileHandle> {
  /**
   * Bytes of a block, if whole blocks are counted: a write then takes no more than the blocks that
   * it touches, and the holes of a file take nothing. If absent, a file takes its size.
   */
  readonly blockBytes?: number | undefined;
  /** The most bytes by which a new name makes a directory grow. */
  readonly nameBytes: number;
  /** What is at `path` takes; fails as `stat` or, if a link is not to be followed, `lstat`. */
  ofPath(path: VirtualPath, options: { readonly follow: boolean }): MaybePromise<NodeUsage>;
  /** What an open file takes. */
  ofFile(file: F): MaybePromise<NodeUsage>;
}

/**
 * What a storage on a disk of this machine can do for files that get their name when they are
 * whole; see `atomic`.
 */
export interface DraftSupport<F extends FileHandle = FileHandle> {
  /**
   * Locks a file against other sessions, until it is closed or this process dies: true if the lock
   * is held now and the file still has a name, false if not; undefined if the file system has no
   * locks.
   */
  lock(file: F): MaybePromise<boolean | undefined>;
  /**
   * Gives a new file the owner, mode, ACLs and extended attributes of the file that it will replace,
   * and fails if one of them cannot be kept.
   */
  resemble(file: F, replaced: F): MaybePromise<void>;
  /** Fails if closing would: some file systems tell only then that written data is lost. */
  flush(file: F): MaybePromise<void>;
  /** Stores the names in a directory on the disk, as fsync(2) does. */
  syncDirectory(path: VirtualPath): MaybePromise<void>;
}

/** A tree of files. An unsupported operation fails with the code `unsupported`. */
export interface Storage<F extends FileHandle = FileHandle> {
  /**
   * Set by a storage that follows links itself: it gets `..` and a closing `/`
   * as the client sent them, because the parent of `link/..` is that of what
   * the link leads to. For every other storage the session removes them.
   */
  readonly resolvesParents?: boolean;

  /**
   * Set by a storage in which closing a file that was written may take long, because something else
   * decides about the file: the session serves other requests meanwhile.
   */
  readonly decidesOnClose?: boolean;

  /** What this storage can do beyond SFTP itself. */
  readonly extensions: StorageExtensions<F>;

  /** What its nodes take, if it can tell. */
  readonly usage?: UsageSupport<F> | undefined;
  /** For files that get their name when they are whole; absent if the storage cannot help. */
  readonly drafts?: DraftSupport<F> | undefined;

  /** Opens a file, never a directory. OPEN. */
  open(path: VirtualPath, options: OpenOptions): MaybePromise<F>;

  /** Opens a directory for listing. OPENDIR. */
  openDir(path: VirtualPath): MaybePromise<DirHandle>;

  /** Attributes of what `path` leads to. STAT. */
  stat(path: VirtualPath): MaybePromise<FileAttrs>;

  /** Like `stat`, but attributes of a link itself. LSTAT. */
  lstat(path: VirtualPath): MaybePromise<FileAttrs>;

  /**
   * Changes what is present in `attrs`, in the order size, permissions, times,
   * owner; tries all and fails with the last failure, as OpenSSH does. SETSTAT.
   */
  setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void>;

  /** The path without links, `.` and `..`; its last segment may not exist. REALPATH. */
  realPath(path: VirtualPath): MaybePromise<VirtualPath>;

  /** The text of a link, unchanged. READLINK. */
  readLink(path: VirtualPath): MaybePromise<string>;

  /** Makes the link `link` with the text `target`, kept unchanged. SYMLINK. */
  symlink(target: string, link: VirtualPath): MaybePromise<void>;

  /** Makes a directory; only `permissions` of `attrs` is used. MKDIR. */
  mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void>;

  /** Removes an empty directory, never anything else. RMDIR. */
  rmdir(path: VirtualPath): MaybePromise<void>;

  /** Removes a file or a link, never a directory. REMOVE. */
  remove(path: VirtualPath): MaybePromise<void>;

  /** Renames; fails if `to` exists, and leaves both as they were. RENAME. */
  rename(from: VirtualPath, to: VirtualPath): MaybePromise<void>;

  /** Ends the use of this storage. It is called once, after every handle is closed. */
  close(): MaybePromise<void>;

  /**
   * The same files, for policies that decide by where a path leads: `realPath` follows every link,
   * and `rename` replaces nothing, whatever another program says of it. Absent if this
   * storage already behaves so. Its `close` is the same as this one's.
   */
  underPolicies?(): Storage<F>;
}
