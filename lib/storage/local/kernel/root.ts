import { FileType, PERMISSION_BITS } from "../../../attrs.ts";
import { StorageError } from "../../errors.ts";
import type { FileSystemStats, NodeUsage, OpenOptions, VirtualPath } from "../../storage.ts";
import { errorOfNumber } from "../../errno.ts";
import { Errno } from "../../../linux/errno.ts";
import { TO_WRITE } from "../../to_write.ts";
import { changeMode, type ChmodContext } from "./chmod.ts";
import { type DirContext, entryNameBuffer, KernelDir } from "./dir.ts";
import { type FileContext, KernelFile, statVfsOf } from "./file.ts";
import { LinkReader } from "./links.ts";
import { isDot, isEntry, KernelPaths, PathBuffer } from "./paths.ts";
import { renameNoReplace } from "./rename.ts";
import { check, checkSize, NO_NAME, StatusReader, timesOf } from "./status.ts";
import type { Libc } from "../../../linux/libc.ts";
import { At, AT_FDCWD, Open } from "../../../linux/linux.ts";
import { OpenHow } from "../../../linux/structs.ts";
import type { NodeStatus, Root, RootDir, RootFile } from "../root.ts";
import { type KernelUnits, unitsOf } from "./usage.ts";

/** A FIFO must not block the session, and a terminal must not become its controlling terminal. */
const NEVER_WAIT = Open.NONBLOCK | Open.NOCTTY;

/**
 * Opens `directory` of this machine as a root that the kernel enforces.
 *
 * @throws {StorageError} `unsupported` if the system lacks openat2, or forbids it.
 */
export function openKernelRoot(directory: string, libc: Libc): KernelRoot {
  const how = new OpenHow().set(Open.PATH | Open.DIRECTORY | Open.CLOEXEC);
  const root = libc.openat2(AT_FDCWD, new PathBuffer().set(directory), how);
  // EPERM comes from a seccomp profile; the system itself does not answer it here.
  if (root === -Errno.ENOSYS || root === -Errno.EPERM) {
    throw new StorageError("unsupported", "openat2 is not available on this system");
  }
  return new KernelRoot(check(root), libc);
}

/**
 * A root by the kernel: `openat2` resolves every path inside the directory, in
 * one step, so that nothing can change between check and use. Nothing that was
 * resolved is kept from one call to the next.
 */
export class KernelRoot implements Root {
  readonly bytewise = true;
  /** The directory's descriptor, opened with O_PATH, for Landlock's rule. */
  readonly descriptor: number;
  readonly #libc: Libc;
  readonly #paths: KernelPaths;
  readonly #reader: StatusReader;
  readonly #links: LinkReader;
  readonly #context: ChmodContext & DirContext & FileContext;
  #units: KernelUnits | undefined;

  /** @param descriptor Of the directory; closed with this root. */
  constructor(descriptor: number, libc: Libc) {
    this.descriptor = descriptor;
    this.#libc = libc;
    this.#paths = new KernelPaths(descriptor, libc);
    this.#reader = new StatusReader(libc);
    this.#links = new LinkReader(libc, this.#paths);
    const entryName = entryNameBuffer();
    const units = () => this.usageUnits();
    this.#context = { libc, paths: this.#paths, reader: this.#reader, entryName, units };
  }

  open(path: VirtualPath, options: OpenOptions, mode: number): RootFile {
    // openat2 refuses a mode unless it may create the file.
    const fd = this.#paths.open(
      path,
      flagsOf(options),
      options.create ? mode & PERMISSION_BITS : 0,
    );
    const looked = this.#reader.lookAtOpen(fd);
    if (looked === 0 && this.#reader.type === FileType.REGULAR) {
      return new KernelFile(fd, this.#context);
    }
    this.#libc.close(fd);
    check(looked);
    if (this.#reader.type === FileType.DIRECTORY) throw errorOfNumber(Errno.EISDIR);
    throw new StorageError("failure", "not a regular file");
  }

  openDir(path: VirtualPath): RootDir {
    const fd = this.#paths.open(path, Open.RDONLY | Open.DIRECTORY);
    return new KernelDir(fd, this.#context, () => this.#parentStatus(path));
  }

  stat(path: VirtualPath): NodeStatus {
    if (isEntry(path)) {
      const name = this.#paths.entryName(path);
      check(this.#reader.lookAt(this.descriptor, name));
      if (this.#reader.type !== FileType.SYMLINK) return this.#reader.status();
    }
    return this.#paths.use(path, Open.PATH, (fd) => this.#reader.ofOpen(fd));
  }

  lstat(path: VirtualPath): NodeStatus {
    if (isEntry(path)) {
      check(this.#reader.lookAt(this.descriptor, this.#paths.entryName(path)));
      return this.#reader.status();
    }
    return this.#paths.use(path, Open.PATH | Open.NOFOLLOW, (fd) => this.#reader.ofOpen(fd));
  }

  truncate(path: VirtualPath, size: number): void {
    const file = this.open(path, TO_WRITE, 0);
    try {
      file.truncate(checkSize(size));
    } finally {
      file.close();
    }
  }

  chmod(path: VirtualPath, mode: number): void {
    changeMode(path, { mode: mode & PERMISSION_BITS, flags: 0 }, this.#context);
  }

  utimes(path: VirtualPath, atime: number, mtime: number): void {
    this.#utimes(path, 0, timesOf(atime, mtime));
  }

  chown(path: VirtualPath, uid: number, gid: number): void {
    this.#chown(path, 0, uid, gid);
  }

  lchmod(path: VirtualPath, mode: number): void {
    changeMode(path, { mode: mode & PERMISSION_BITS, flags: Open.NOFOLLOW }, this.#context);
  }

  lutimes(path: VirtualPath, atime: number, mtime: number): void {
    this.#utimes(path, Open.NOFOLLOW, timesOf(atime, mtime));
  }

  lchown(path: VirtualPath, uid: number, gid: number): void {
    this.#chown(path, Open.NOFOLLOW, uid, gid);
  }

  mkdir(path: VirtualPath, mode: number): void {
    const libc = this.#libc;
    this.#paths.at(
      path,
      (directory, name) => libc.mkdirat(directory, name, mode & PERMISSION_BITS),
    );
  }

  rmdir(path: VirtualPath): void {
    const libc = this.#libc;
    this.#paths.at(path, (directory, name) => {
      // For `.` the system answers EINVAL, though the request is valid.
      if (isDot(name)) return path === "/" ? -Errno.EBUSY : -Errno.ENOTEMPTY;
      return libc.unlinkat(directory, name, At.REMOVEDIR);
    });
  }

  unlink(path: VirtualPath): void {
    const libc = this.#libc;
    this.#paths.at(path, (directory, name) => libc.unlinkat(directory, name, 0));
  }

  rename(from: VirtualPath, to: VirtualPath): void {
    this.#paths.atBoth(from, to, this.#libc.renameat);
  }

  renameNoReplace(from: VirtualPath, to: VirtualPath): void {
    this.#paths.atBoth(from, to, (directory, name, toDirectory, toName) => {
      const target = { directory: toDirectory, name: toName };
      return renameNoReplace({ directory, name }, target, this.#context);
    });
  }

  link(existing: VirtualPath, link: VirtualPath): void {
    // linkat would follow `name/` out of the root. It can only be a directory, which has no links.
    if (existing.endsWith("/")) {
      this.#paths.use(existing, Open.PATH | Open.DIRECTORY, () => check(-Errno.EPERM));
    }
    this.#paths.atBoth(existing, link, this.#libc.linkat);
  }

  symlink(target: string, link: VirtualPath): void {
    const text = new PathBuffer().set(target);
    const libc = this.#libc;
    this.#paths.at(link, (directory, name) => libc.symlinkat(text, directory, name));
  }

  readLink(path: VirtualPath): string {
    const text = this.#links.read(path);
    if (text === undefined) throw errorOfNumber(Errno.EINVAL);
    return text;
  }

  realPath(path: VirtualPath): VirtualPath {
    return this.#links.realPath(path);
  }

  syncDirectory(path: VirtualPath): void {
    this.#paths.use(path, Open.RDONLY | Open.DIRECTORY, (fd) => check(this.#libc.fsync(fd)));
  }

  statVfs(path: VirtualPath): FileSystemStats {
    return this.#paths.use(path, Open.PATH, (fd) => statVfsOf(fd, this.#libc));
  }

  usageUnits(): KernelUnits {
    return this.#units ??= unitsOf(this.descriptor, this.#libc);
  }

  usageOf(path: VirtualPath, { follow }: { readonly follow: boolean }): NodeUsage {
    return this.#paths.use(path, follow ? Open.PATH : Open.PATH | Open.NOFOLLOW, (fd) => {
      check(this.#reader.lookAtOpen(fd));
      return this.#reader.usage(this.usageUnits().countBlocks);
    });
  }

  close(): void {
    this.#libc.close(this.descriptor);
  }

  #utimes(path: VirtualPath, flags: number, times: BigInt64Array<ArrayBuffer>): void {
    const libc = this.#libc;
    this.#paths.use(path, Open.PATH | flags, (fd) => {
      check(libc.utimensat(fd, NO_NAME, times, At.EMPTY_PATH));
    });
  }

  #chown(path: VirtualPath, flags: number, uid: number, gid: number): void {
    const libc = this.#libc;
    this.#paths.use(path, Open.PATH | flags, (fd) => {
      check(libc.fchownat(fd, NO_NAME, uid, gid, At.EMPTY_PATH));
    });
  }

  #parentStatus(path: VirtualPath): NodeStatus | undefined {
    try {
      return this.#paths.use(path + "/..", Open.PATH, (fd) => this.#reader.ofOpen(fd));
    } catch (error) {
      // An entry whose status cannot be read is left out; so may this one.
      if (error instanceof StorageError) return undefined;
      throw error;
    }
  }
}

function flagsOf(options: OpenOptions): number {
  let flags: number = NEVER_WAIT;
  if (options.write) flags |= options.read ? Open.RDWR : Open.WRONLY;
  if (options.append) flags |= Open.APPEND;
  if (options.truncate) flags |= Open.TRUNC;
  if (options.create) flags |= options.exclusive ? Open.CREAT | Open.EXCL : Open.CREAT;
  return flags;
}
