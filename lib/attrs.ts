/**
 * The types that the wire and every storage share: facts about a file, about a file system, and
 * about owners.
 *
 * @module
 */

/**
 * What SFTP version 3 says about a file (draft-ietf-secsh-filexfer-02, section 5).
 *
 * An absent field is unknown, or must not be changed. On the wire `uid` and `gid` travel together,
 * and so do `atime` and `mtime`: a pair with one half missing is not sent.
 */
export interface FileAttrs {
  /** Length in bytes; exact up to `Number.MAX_SAFE_INTEGER`. */
  readonly size?: number | undefined;
  /** Owner, by number. */
  readonly uid?: number | undefined;
  /** Group, by number. */
  readonly gid?: number | undefined;
  /** POSIX `st_mode`: type bits ({@linkcode FileType}) and permission bits. */
  readonly permissions?: number | undefined;
  /** Last access, in whole seconds since 1970 (UTC); not a `Date`, and not milliseconds. */
  readonly atime?: number | undefined;
  /**
   * Last change of the content, in whole seconds since 1970 (UTC); not a `Date`, and not
   * milliseconds.
   */
  readonly mtime?: number | undefined;
  /** Vendor attributes: pairs of a name and bytes, in the order received. */
  readonly extended?: readonly ExtendedAttr[] | undefined;
}

/**
 * No plausible time is further from 1970, before or after it: the year would be beyond 36,000. A
 * larger number is often milliseconds.
 */
export const FARTHEST_SECOND = 2 ** 40;

/** Limits a file system's time, which may be any number, to what {@linkcode FileAttrs} may hold. */
export function boundedSecond(seconds: number): number {
  if (Math.abs(seconds) <= FARTHEST_SECOND) return seconds;
  return Number.isNaN(seconds) ? 0 : Math.sign(seconds) * FARTHEST_SECOND;
}

/** A vendor attribute: its name and its bytes. */
export type ExtendedAttr = readonly [type: string, data: Uint8Array];

/** The permission bits of `permissions`: read, write and execute, setuid, setgid and sticky. */
export const PERMISSION_BITS = 0o7777;

/** Permissions of a new file for which a client asks for none, before the umask. */
export const DEFAULT_FILE_MODE = 0o666;

/** Permissions of a new directory for which a client asks for none, before the umask. */
export const DEFAULT_DIRECTORY_MODE = 0o777;

/** The type bits of `permissions`, as POSIX's `S_IF*`. */
export const FileType = {
  /** `S_IFMT`: the mask for comparing with the others. */
  MASK: 0o170000,
  /** `S_IFIFO`: a named pipe. */
  FIFO: 0o010000,
  /** `S_IFCHR`: a character device. */
  CHARACTER_DEVICE: 0o020000,
  /** `S_IFDIR`: a directory. */
  DIRECTORY: 0o040000,
  /** `S_IFBLK`: a block device. */
  BLOCK_DEVICE: 0o060000,
  /** `S_IFREG`: a regular file. */
  REGULAR: 0o100000,
  /** `S_IFLNK`: a symbolic link. */
  SYMLINK: 0o120000,
  /** `S_IFSOCK`: a socket. */
  SOCKET: 0o140000,
} as const;

/** Whether `attrs` say that they are a directory's. */
export function isDirectory(attrs: FileAttrs): boolean {
  return hasType(attrs, FileType.DIRECTORY);
}

/** Whether `attrs` say that they are a regular file's. */
export function isRegular(attrs: FileAttrs): boolean {
  return hasType(attrs, FileType.REGULAR);
}

/** Whether `attrs` say that they are a symbolic link's. */
export function isSymlink(attrs: FileAttrs): boolean {
  return hasType(attrs, FileType.SYMLINK);
}

function hasType(attrs: FileAttrs, type: number): boolean {
  return ((attrs.permissions ?? 0) & FileType.MASK) === type;
}

/** A file system's figures: POSIX's `struct statvfs`, all 64 bits of each. */
export interface FileSystemStats {
  /** Block size in bytes. */
  readonly bsize: bigint;
  /** Fragment size in bytes: the unit of `blocks`, `bfree` and `bavail`. */
  readonly frsize: bigint;
  /** Number of fragments in all. */
  readonly blocks: bigint;
  /** Free fragments. */
  readonly bfree: bigint;
  /** Free fragments for users other than root. */
  readonly bavail: bigint;
  /** Number of inodes in all. */
  readonly files: bigint;
  /** Free inodes. */
  readonly ffree: bigint;
  /** Free inodes for users other than root. */
  readonly favail: bigint;
  /** The file system's id. */
  readonly fsid: bigint;
  /** 1 read-only, 2 no setuid. */
  readonly flag: bigint;
  /** Longest name in bytes. */
  readonly namemax: bigint;
}

/** Names for numbers, in the order asked for; empty for a number without a name. */
export interface OwnerNames {
  /** Users' names. */
  readonly users: readonly string[];
  /** Groups' names. */
  readonly groups: readonly string[];
}
