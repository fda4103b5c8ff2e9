/**
 * A directory of this machine that no operation can leave, after Go's
 * `os.Root`: links inside are followed as in a chroot, where an absolute one
 * starts at the root and `..` stops there.
 *
 * Everything answers immediately, and fails with a `StorageError` whose reason
 * names no path, or with a `LeaseHeld` if the same call may work later.
 *
 * @module
 */

import type { FileAttrs } from "../../attrs.ts";
import type {
  FileSystemStats,
  NodeUsage,
  OpenOptions,
  UsageSupport,
  VirtualPath,
} from "../storage.ts";

/** How the space of a root is counted. */
export type UsageUnits = Pick<UsageSupport, "blockBytes" | "nameBytes">;

/** What `stat` tells of a file: all attributes, and what `ls -l` shows besides. */
export interface NodeStatus extends FileAttrs {
  /** Bytes. */
  readonly size: number;
  /** Owner, by number. */
  readonly uid: number;
  /** Group, by number. */
  readonly gid: number;
  /** `st_mode`: type and permission bits. */
  readonly permissions: number;
  /** Seconds since 1970. */
  readonly atime: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Number of hard links. */
  readonly links: number;
}

/** An entry of a directory, `.` and `..` among them. */
export interface RootEntry {
  /** The name, without any `/`. */
  readonly name: string;
  /** The entry's own status, never that of a link's target. */
  readonly status: NodeStatus;
}

/** Copy `length` bytes (`Infinity`: to the end) from `from` in this file to `to` in `target`. */
export interface RootCopy {
  /** The file that is written to. */
  readonly target: RootFile;
  /** Where to read, in bytes. */
  readonly from: number;
  /** Where to write, in bytes. */
  readonly to: number;
  /** How many bytes. */
  readonly length: number;
}

/** An open regular file. */
export interface RootFile {
  /** The system's descriptor, for calls that the root has no method for; undefined if unknown. */
  readonly descriptor?: number | undefined;
  /** pread(2): bytes read, 0 at the end. */
  read(into: Uint8Array, position: number): number;
  /** pwrite(2) until all of `data` is written; at the end if opened to append. */
  write(data: Uint8Array, position: number): void;
  /** fstat(2) */
  stat(): NodeStatus;
  /** ftruncate(2) */
  truncate(size: number): void;
  /** fchmod(2) */
  chmod(mode: number): void;
  /** futimens(2), in whole seconds. */
  utimes(atime: number, mtime: number): void;
  /** fchown(2) */
  chown(uid: number, gid: number): void;
  /** fsync(2) */
  sync(): void;
  /** fstatvfs(3), if the root has `statVfs`. */
  statVfs(): FileSystemStats;
  /** What it takes, if the root has `usageOf`. */
  usage?(): NodeUsage;
  /** Whether `other` is the same file, under whatever name. */
  isSameAs(other: RootFile): boolean;
  /** Copies in the system where it can; returns the bytes copied, fewer only at the end. */
  copy(range: RootCopy): number;
  /** close(2) */
  close(): void;
}

/** An open directory. */
export interface RootDir {
  /** The next entries in any order, at most `limit`; none at the end. */
  next(limit: number): readonly RootEntry[];
  /** Ends the listing. */
  close(): void;
}

/**
 * The operations. A path is a {@linkcode VirtualPath} with `..` and a closing
 * `/` as the client sent them. Methods named `l…` act on a link itself.
 */
export interface Root {
  /** Whether names that are not UTF-8 work. */
  readonly bytewise: boolean;
  /**
   * openat(2): regular files only; never waits for the other end of a FIFO. `mode` is cut by the
   * umask.
   */
  open(path: VirtualPath, options: OpenOptions, mode: number): RootFile;
  /** opendir(3) */
  openDir(path: VirtualPath): RootDir;
  /** stat(2) */
  stat(path: VirtualPath): NodeStatus;
  /** lstat(2) */
  lstat(path: VirtualPath): NodeStatus;
  /** truncate(2) */
  truncate(path: VirtualPath, size: number): void;
  /** chmod(2) */
  chmod(path: VirtualPath, mode: number): void;
  /** utimes(2), in whole seconds. */
  utimes(path: VirtualPath, atime: number, mtime: number): void;
  /** chown(2) */
  chown(path: VirtualPath, uid: number, gid: number): void;
  /** chmod of a link itself; Linux refuses it for links. */
  lchmod(path: VirtualPath, mode: number): void;
  /** lutimes(3), in whole seconds. */
  lutimes(path: VirtualPath, atime: number, mtime: number): void;
  /** lchown(2) */
  lchown(path: VirtualPath, uid: number, gid: number): void;
  /** mkdir(2); `mode` is cut by the umask. */
  mkdir(path: VirtualPath, mode: number): void;
  /** rmdir(2) */
  rmdir(path: VirtualPath): void;
  /** unlink(2) */
  unlink(path: VirtualPath): void;
  /** rename(2): replaces what is there. */
  rename(from: VirtualPath, to: VirtualPath): void;
  /** Renames, and fails if `to` exists. */
  renameNoReplace(from: VirtualPath, to: VirtualPath): void;
  /** link(2), not following a link. */
  link(existing: VirtualPath, link: VirtualPath): void;
  /** symlink(2), with the text unchanged. */
  symlink(target: string, link: VirtualPath): void;
  /** readlink(2), with the text unchanged. */
  readLink(path: VirtualPath): string;
  /** realpath(3) inside the root; the last segment may not exist. */
  realPath(path: VirtualPath): VirtualPath;
  /** fsync(2) of a directory: its names are stored on the disk. */
  syncDirectory?(path: VirtualPath): void;
  /** statvfs(3), if it is permitted. */
  statVfs?(path: VirtualPath): FileSystemStats;
  /** How space is counted, if the root has `usageOf`. */
  usageUnits?(): UsageUnits;
  /** What is at a path takes, for quotas: its blocks, or else its size. */
  usageOf?(path: VirtualPath, options: { readonly follow: boolean }): NodeUsage;
  /** Releases what the root itself holds. */
  close(): void;
}
