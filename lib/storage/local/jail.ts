import {
  DEFAULT_DIRECTORY_MODE,
  DEFAULT_FILE_MODE,
  type FileAttrs,
  PERMISSION_BITS,
} from "../../attrs.ts";
import { after, repeat } from "../../async/maybe_promise.ts";
import { hasRawBytes } from "../../names.ts";
import { beyondAnyFile, StorageError } from "../errors.ts";
import type {
  CopyRange,
  DirHandle,
  DraftSupport,
  FileHandle,
  FileSystemStats,
  MaybePromise,
  OpenOptions,
  Storage,
  StorageExtensions,
  UsageSupport,
  VirtualPath,
} from "../storage.ts";
import { type Accounts, noAccounts } from "./accounts.ts";
import { LeaseHeld, whenFree } from "./lease_wait.ts";
import type { Root, RootDir, RootEntry, RootFile } from "./root.ts";

/** A piece that is copied at once has as many bytes as take about this long. */
const COPY_SLICE_MS = 50;
const FIRST_COPY_SLICE_BYTES = 16 * 1024 * 1024;
const MIN_COPY_SLICE_BYTES = 1024 * 1024;
const MAX_COPY_SLICE_BYTES = 1024 * 1024 * 1024;

/**
 * The files below one directory of this machine, which the client sees as `/`.
 * The {@linkcode Root} decides what can be reached; this class adds the
 * behavior of OpenSSH's server.
 */
export class JailStorage implements Storage<JailFile> {
  /** The root follows links. */
  readonly resolvesParents = true;
  /** All extensions; `statVfs` if the root has it. */
  readonly extensions: StorageExtensions<JailFile>;
  readonly #root: Root;
  readonly #accounts: Accounts;
  readonly #openDrafts: () => DraftSupport<JailFile> | undefined;
  #drafts: DraftSupport<JailFile> | undefined;
  #isClosed = false;

  /**
   * A storage over an open root.
   *
   * @param root What the client may reach.
   * @param accounts Names of owners for listings; without it they show numbers.
   * @param drafts Opens the support for drafts, once it is asked for.
   */
  constructor(
    root: Root,
    accounts: Accounts = noAccounts,
    drafts: () => DraftSupport<JailFile> | undefined = () => undefined,
  ) {
    this.#root = root;
    this.#accounts = accounts;
    this.#openDrafts = drafts;
    this.extensions = extensionsOf(root, accounts, (path) => this.#checked(path));
  }

  /** What its nodes take: their blocks, where the kernel tells them, else their sizes. */
  get usage(): UsageSupport<JailFile> | undefined {
    const root = this.#root;
    if (root.usageUnits === undefined || root.usageOf === undefined) return undefined;
    return {
      ...root.usageUnits(),
      ofPath: (path, options) => root.usageOf!(this.#checked(path), options),
      ofFile: ({ file }) => file.usage!(),
    };
  }

  get drafts(): DraftSupport<JailFile> | undefined {
    return this.#drafts ??= this.#openDrafts();
  }

  open(path: VirtualPath, options: OpenOptions): MaybePromise<JailFile> {
    this.#checked(path);
    try {
      return this.#openNow(path, options);
    } catch (error) {
      if (!(error instanceof LeaseHeld)) throw error;
      return this.#openWhenFree(path, options);
    }
  }

  openDir(path: VirtualPath): DirHandle {
    return new JailDir(this.#root.openDir(this.#checked(path)), this.#accounts);
  }

  stat(path: VirtualPath): FileAttrs {
    return this.#root.stat(this.#checked(path));
  }

  lstat(path: VirtualPath): FileAttrs {
    return this.#root.lstat(this.#checked(path));
  }

  setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    const root = this.#root;
    this.#checked(path);
    return this.#whenFree(() =>
      change(attrs, {
        truncate: (size) => root.truncate(path, size),
        chmod: (mode) => root.chmod(path, mode),
        utimes: (atime, mtime) => root.utimes(path, atime, mtime),
        chown: (uid, gid) => root.chown(path, uid, gid),
      })
    );
  }

  realPath(path: VirtualPath): VirtualPath {
    return this.#root.realPath(this.#checked(path));
  }

  readLink(path: VirtualPath): string {
    return this.#root.readLink(this.#checked(path));
  }

  symlink(target: string, link: VirtualPath): void {
    this.#checked(target);
    this.#root.symlink(target, this.#checked(link));
  }

  mkdir(path: VirtualPath, attrs: FileAttrs): void {
    const mode = attrs.permissions ?? DEFAULT_DIRECTORY_MODE;
    this.#root.mkdir(this.#checked(path), mode & PERMISSION_BITS);
  }

  rmdir(path: VirtualPath): void {
    this.#root.rmdir(this.#checked(path));
  }

  remove(path: VirtualPath): void {
    this.#root.unlink(this.#checked(path));
  }

  rename(from: VirtualPath, to: VirtualPath): void {
    this.#root.renameNoReplace(this.#checked(from), this.#checked(to));
  }

  close(): void {
    this.#isClosed = true;
    this.#root.close();
  }

  #openNow(path: VirtualPath, options: OpenOptions): JailFile {
    const mode = options.attrs.permissions ?? DEFAULT_FILE_MODE;
    return new JailFile(this.#root.open(path, options, mode & PERMISSION_BITS), options.append);
  }

  /** A separate method, so that the usual case makes no closure. */
  #openWhenFree(path: VirtualPath, options: OpenOptions): MaybePromise<JailFile> {
    return this.#whenFree(() => this.#openNow(path, options));
  }

  /** Waits if another process has a lease on a file; everything else answers immediately. */
  #whenFree<T>(attempt: () => T): MaybePromise<T> {
    return whenFree(attempt, { isOver: () => this.#isClosed });
  }

  /** A root that would mangle the bytes of a name never gets them. */
  #checked(path: string): string {
    if (!this.#root.bytewise && hasRawBytes(path)) {
      throw new StorageError("failure", "name is not UTF-8, which this jail cannot store");
    }
    return path;
  }
}

/** An open file of a jail. */
export class JailFile implements FileHandle {
  /** The file itself, for the extensions. */
  readonly file: RootFile;
  readonly #append: boolean;

  /** A handle on an open file of a root. */
  constructor(file: RootFile, append = false) {
    this.file = file;
    this.#append = append;
  }

  read(into: Uint8Array, position: number): number {
    return this.file.read(into, position);
  }

  write(data: Uint8Array, position: number): void {
    // The system appends by itself, but may check the position before it ignores it.
    this.file.write(data, this.#append ? 0 : position);
  }

  stat(): FileAttrs {
    return this.file.stat();
  }

  setAttrs(attrs: FileAttrs): void {
    const { file } = this;
    change(attrs, {
      truncate: (size) => file.truncate(size),
      chmod: (mode) => file.chmod(mode),
      utimes: (atime, mtime) => file.utimes(atime, mtime),
      chown: (uid, gid) => file.chown(uid, gid),
    });
  }

  close(): void {
    this.file.close();
  }
}

/** An open directory of a jail. */
class JailDir implements DirHandle {
  readonly #dir: RootDir;
  readonly #accounts: Accounts;

  constructor(dir: RootDir, accounts: Accounts) {
    this.#dir = dir;
    this.#accounts = accounts;
  }

  next(limit: number) {
    return this.#dir.next(limit).map(({ name, status }: RootEntry) => ({
      name,
      attrs: status,
      links: status.links,
      owner: this.#accounts.user(status.uid),
      group: this.#accounts.group(status.gid),
    }));
  }

  close(): void {
    this.#dir.close();
  }
}

/** The system's calls that change a file. */
interface Changes {
  truncate(size: number): void;
  chmod(mode: number): void;
  utimes(atime: number, mtime: number): void;
  chown(uid: number, gid: number): void;
}

/**
 * Like OpenSSH: size, mode, times, owner; each is tried, and the last failure is reported. The
 * size, which may have to wait for a lease, comes first: nothing else has been changed by then.
 */
function change(attrs: FileAttrs, to: Changes): void {
  const { size, permissions, atime, mtime, uid, gid } = attrs;
  const steps: (() => void)[] = [];
  if (size !== undefined) {
    steps.push(() => {
      if (!Number.isSafeInteger(size)) throw beyondAnyFile(size);
      to.truncate(size);
    });
  }
  if (permissions !== undefined) steps.push(() => to.chmod(permissions & PERMISSION_BITS));
  if (atime !== undefined && mtime !== undefined) steps.push(() => to.utimes(atime, mtime));
  if (uid !== undefined && gid !== undefined) steps.push(() => to.chown(uid, gid));
  let failure: StorageError | undefined;
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      if (!(error instanceof StorageError) || error instanceof LeaseHeld) throw error;
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
}

function extensionsOf(
  root: Root,
  accounts: Accounts,
  checked: (path: VirtualPath) => VirtualPath,
): StorageExtensions<JailFile> {
  const always: StorageExtensions<JailFile> = {
    posixRename: (from, to) => root.rename(checked(from), checked(to)),
    hardLink: (existing, link) => root.link(checked(existing), checked(link)),
    setLinkAttrs(path, attrs) {
      checked(path);
      change(attrs, {
        truncate: () => {
          throw new StorageError("invalid", "a link has no size to set");
        },
        chmod: (mode) => root.lchmod(path, mode),
        utimes: (atime, mtime) => root.lutimes(path, atime, mtime),
        chown: (uid, gid) => root.lchown(path, uid, gid),
      });
    },
    fsync: ({ file }) => file.sync(),
    copyData,
    ownerNames: (uids, gids) => ({
      users: uids.map((uid) => accounts.user(uid) ?? ""),
      groups: gids.map((gid) => accounts.group(gid) ?? ""),
    }),
  };
  if (root.statVfs === undefined) return always;
  return {
    ...always,
    statVfs: (path): FileSystemStats => root.statVfs!(checked(path)),
    fileStatVfs: ({ file }): FileSystemStats => file.statVfs(),
  };
}

/**
 * Copies piece by piece: the client chooses the length, and a sparse source may be practically
 * endless.
 */
function copyData(range: CopyRange<JailFile>): MaybePromise<number> {
  const source = range.source.file;
  const target = range.target.file;
  if (source.isSameAs(target)) throw new StorageError("failure", "source and target are one file");
  const { sourcePosition, targetPosition, length: whole, checkpoint } = range;
  let slice = FIRST_COPY_SLICE_BYTES;
  let copied = 0;
  const done = repeat(() => {
    const length = Math.min(slice, whole - copied);
    const start = performance.now();
    const from = sourcePosition + copied;
    const count = source.copy({ target, from, to: targetPosition + copied, length });
    copied += count;
    if (count < length || copied >= whole) return false;
    slice = nextSlice(slice, performance.now() - start);
    return after(checkpoint?.(), () => true);
  });
  return after(done, () => copied);
}

/** How many bytes to copy at once, from how long the previous piece took. */
function nextSlice(bytes: number, duration: number): number {
  if (duration > COPY_SLICE_MS) return Math.max(bytes / 2, MIN_COPY_SLICE_BYTES);
  return duration > COPY_SLICE_MS / 2 ? bytes : Math.min(bytes * 2, MAX_COPY_SLICE_BYTES);
}
