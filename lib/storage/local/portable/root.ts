import { fs } from "./node_fs.ts";
import { childOf } from "../../path.ts";
import type { FileSystemStats, NodeUsage, OpenOptions, VirtualPath } from "../../storage.ts";
import { StorageError, unsupported } from "../../errors.ts";
import { attempt, attemptExisting, errnoName, statusOf } from "./deno_fs.ts";
import { errorOf } from "../../errno.ts";
import { TO_WRITE } from "../../to_write.ts";
import { makeDirectory } from "./mkdir.ts";
import type { Libc } from "../../../linux/libc.ts";
import { PortableDir } from "./dir.ts";
import { type PortableFile, usageOf } from "./file.ts";
import { makeFile, openExisting } from "./open.ts";
import { existing, resolve, type Resolved, resolveName, type Walker } from "./resolve.ts";
import type { NodeStatus, Root, RootDir, RootFile, UsageUnits } from "../root.ts";

/** How often to retry an open while another process creates or removes the file. */
const OPEN_ATTEMPTS = 8;

const walker: Walker<Deno.FileInfo> = {
  lstat: (hostPath) => attemptExisting(() => Deno.lstatSync(hostPath)),
  readLink: (hostPath) => attempt(() => Deno.readLinkSync(hostPath)),
  isLink: (info) => info.isSymlink,
  isDirectory: (info) => info.isDirectory,
};

/** What a {@linkcode PortableRoot} may do beyond its directory. */
export interface PortableRights {
  /** Make symbolic links: Deno requires unscoped read and write permission for it. */
  readonly symlink: boolean;
  /** Ask for a file system's figures (`--allow-sys=statfs`). */
  readonly statfs: boolean;
}

/**
 * A root through Deno's own file API, which runs under `--allow-read=DIR
 * --allow-write=DIR` alone and on every system.
 *
 * Paths are resolved here, step by step, before they are used, so another process
 * that swaps directories for links at the right moment can lead any operation
 * out of the root. An opened file is compared with what was seen, which makes
 * that window short; only the kernel's resolution closes it.
 */
export class PortableRoot implements Root {
  /** Deno replaces what is not UTF-8. */
  readonly bytewise = false;
  /** Present where {@linkcode PortableRights.statfs} is. */
  readonly statVfs?: (path: VirtualPath) => FileSystemStats;
  readonly #root: string;
  readonly #rights: PortableRights;
  readonly #libc: Libc | undefined;

  /**
   * A root on a directory.
   *
   * @param directory The directory, by its real path.
   * @param rights What the process may do beyond it.
   * @param libc If it may be called: for what Deno's file API cannot do or does not report.
   */
  constructor(directory: string, rights: PortableRights, libc?: Libc) {
    this.#root = directory;
    this.#rights = rights;
    this.#libc = libc;
    if (rights.statfs) this.statVfs = (path) => fileSystemStats(this.#found(path).hostPath);
  }

  open(path: VirtualPath, options: OpenOptions, mode: number): RootFile {
    for (let attempts = 1;; attempts++) {
      const file = this.#tryOpen(path, options, mode);
      if (file !== undefined) return file;
      if (attempts === OPEN_ATTEMPTS) throw new StorageError("failure", "file keeps changing");
    }
  }

  openDir(path: VirtualPath): RootDir {
    const directory = this.#found(path);
    if (!existing(directory).isDirectory) throw errorOf("ENOTDIR");
    const parent = this.#found(childOf(directory.path, ".."));
    return new PortableDir(directory.hostPath, parent.hostPath, this.#libc);
  }

  stat(path: VirtualPath): NodeStatus {
    return statusOf(existing(this.#found(path)));
  }

  lstat(path: VirtualPath): NodeStatus {
    return statusOf(existing(this.#resolve(path, false)));
  }

  truncate(path: VirtualPath, size: number): void {
    const file = this.open(path, TO_WRITE, 0);
    try {
      file.truncate(size);
    } finally {
      file.close();
    }
  }

  chmod(path: VirtualPath, mode: number): void {
    const { hostPath } = this.#found(path);
    attempt(() => Deno.chmodSync(hostPath, mode));
  }

  utimes(path: VirtualPath, atime: number, mtime: number): void {
    const { hostPath } = this.#found(path);
    attempt(() => Deno.utimeSync(hostPath, atime, mtime));
  }

  chown(path: VirtualPath, uid: number, gid: number): void {
    const { hostPath } = this.#found(path);
    attempt(() => Deno.chownSync(hostPath, uid, gid));
  }

  lchmod(path: VirtualPath, mode: number): void {
    const found = this.#resolve(path, false);
    if (existing(found).isSymlink) throw errorOf("EOPNOTSUPP");
    attempt(() => Deno.chmodSync(found.hostPath, mode));
  }

  lutimes(path: VirtualPath, atime: number, mtime: number): void {
    const found = this.#resolve(path, false);
    existing(found);
    attempt(() => fs.lutimesSync(found.hostPath, atime, mtime));
  }

  lchown(path: VirtualPath, uid: number, gid: number): void {
    const found = this.#resolve(path, false);
    if (!existing(found).isSymlink) attempt(() => Deno.chownSync(found.hostPath, uid, gid));
    else if (fs.lchownSync === undefined) throw errorOf("EOPNOTSUPP"); // Deno 2.6
    else attempt(() => fs.lchownSync(found.hostPath, uid, gid));
  }

  mkdir(path: VirtualPath, mode: number): void {
    if (path === "/") throw errorOf("EEXIST");
    const { hostPath, status } = resolveName(this.#root, path, walker);
    if (status !== undefined) throw errorOf("EEXIST");
    makeDirectory(hostPath, mode, this.#libc);
  }

  rmdir(path: VirtualPath): void {
    const name = resolveName(this.#root, path, walker);
    if (!existing(name).isDirectory) throw errorOf("ENOTDIR");
    attempt(() => Deno.removeSync(name.hostPath));
  }

  unlink(path: VirtualPath): void {
    const name = resolveName(this.#root, path, walker);
    if (existing(name).isDirectory) throw errorOf("EISDIR");
    attempt(() => Deno.removeSync(name.hostPath));
  }

  rename(from: VirtualPath, to: VirtualPath): void {
    const { source, target } = this.#resolveRename(from, to);
    attempt(() => Deno.renameSync(source.hostPath, target.hostPath));
  }

  renameNoReplace(from: VirtualPath, to: VirtualPath): void {
    const { source, target, isDirectory } = this.#resolveRename(from, to);
    if (target.status !== undefined) throw errorOf("EEXIST");
    if (!isDirectory && moveByLink(source.hostPath, target.hostPath)) return;
    // Only the kernel can rename a directory without replacing an empty one that
    // is created at this very moment.
    attempt(() => Deno.renameSync(source.hostPath, target.hostPath));
  }

  link(from: VirtualPath, to: VirtualPath): void {
    const source = resolveName(this.#root, from, walker);
    if (existing(source).isDirectory) throw errorOf("EPERM");
    const target = newName(resolveName(this.#root, to, walker), to);
    attempt(() => Deno.linkSync(source.hostPath, target));
  }

  symlink(target: string, path: VirtualPath): void {
    if (!this.#rights.symlink) throw unsupported("making symbolic links under scoped permissions");
    const link = newName(resolveName(this.#root, path, walker), path);
    attempt(() => Deno.symlinkSync(target, link));
  }

  readLink(path: VirtualPath): string {
    const found = this.#resolve(path, false);
    if (!existing(found).isSymlink) throw errorOf("EINVAL");
    return attempt(() => Deno.readLinkSync(found.hostPath));
  }

  realPath(path: VirtualPath): VirtualPath {
    return this.#resolve(path, true).path;
  }

  usageUnits(): UsageUnits {
    return { nameBytes: 0 };
  }

  usageOf(path: VirtualPath, { follow }: { readonly follow: boolean }): NodeUsage {
    const status = existing(this.#resolve(path, follow));
    return usageOf({ ...status, nlink: status.nlink ?? 1 });
  }

  syncDirectory(path: VirtualPath): void {
    const { hostPath } = this.#found(path);
    const fd = attempt(() => fs.openSync(hostPath, fs.constants.O_RDONLY));
    try {
      attempt(() => fs.fsyncSync(fd));
    } finally {
      fs.closeSync(fd);
    }
  }

  close(): void {
    // Nothing is held open between two operations.
  }

  /** Opens or creates a file; undefined if it was created or removed in between. */
  #tryOpen(path: VirtualPath, options: OpenOptions, mode: number): PortableFile | undefined {
    const { create, exclusive, truncate } = options;
    const { hostPath, status, mustBeDirectory } = this.#resolve(path, !(create && exclusive));
    const context = { vfs: () => fileSystemStats(hostPath), libc: this.#libc };
    if (status === undefined) {
      if (!create) throw errorOf("ENOENT");
      if (mustBeDirectory) throw errorOf("EISDIR");
      return makeFile(hostPath, options, { ...context, mode });
    }
    if (create && exclusive) throw errorOf("EEXIST");
    if (status.isDirectory) throw errorOf("EISDIR");
    if (!status.isFile) throw errorOf("ENXIO");
    const file = openExisting(hostPath, options, context);
    if (file === undefined) return undefined;
    try {
      file.requireSame(status);
      if (truncate) this.#truncateOpened(path, file, options);
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /** Truncates only once the file is known to be the right one. */
  #truncateOpened(path: VirtualPath, file: PortableFile, options: OpenOptions): void {
    if (options.write) file.truncate(0);
    else this.truncate(path, 0);
  }

  /** Only a directory may get a name with a closing `/`. */
  #resolveRename(from: VirtualPath, to: VirtualPath) {
    const source = resolveName(this.#root, from, walker);
    const { isDirectory } = existing(source);
    const target = resolveName(this.#root, to, walker);
    if (to.endsWith("/") && !isDirectory) throw errorOf("ENOTDIR");
    return { source, target, isDirectory };
  }

  #found(path: VirtualPath): Resolved<Deno.FileInfo> {
    const resolved = this.#resolve(path, true);
    existing(resolved);
    return resolved;
  }

  #resolve(path: VirtualPath, followLast: boolean): Resolved<Deno.FileInfo> {
    return resolve(this.#root, path, walker, { followLast });
  }
}

/** Gives a file its new name before it loses the old one; false if links cannot be made. */
function moveByLink(from: string, to: string): boolean {
  try {
    Deno.linkSync(from, to);
  } catch (error) {
    if (["EPERM", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"].includes(errnoName(error) ?? "")) {
      return false;
    }
    return attempt(() => {
      throw error;
    });
  }
  try {
    attempt(() => Deno.removeSync(from));
  } catch (error) {
    attempt(() => Deno.removeSync(to));
    throw error;
  }
  return true;
}

/** The host path for a new link. */
function newName({ hostPath, status }: Resolved<Deno.FileInfo>, path: VirtualPath): string {
  if (status !== undefined) throw errorOf("EEXIST");
  if (path.endsWith("/")) throw errorOf("ENOENT");
  return hostPath;
}

/** Deno reports neither the id nor the flags of a file system. */
function fileSystemStats(hostPath: string): FileSystemStats {
  const { bsize, blocks, bfree, bavail, files, ffree } = attempt(() =>
    fs.statfsSync(hostPath, { bigint: true })
  );
  return {
    bsize,
    frsize: bsize,
    blocks,
    bfree,
    bavail,
    files,
    ffree,
    favail: ffree,
    fsid: 0n,
    flag: 0n,
    namemax: 255n,
  };
}
