/**
 * What the limits of policies are built on: a storage around another that
 * passes everything on. A policy overrides what it limits.
 *
 * @module
 */

import type { FileSystemStats, OwnerNames } from "../attrs.ts";
import { after, orElse } from "../async/maybe_promise.ts";
import { childOf, nameOf, parentOf } from "../storage/path.ts";
import type {
  CopyRange,
  DirHandle,
  FileAttrs,
  FileHandle,
  MaybePromise,
  OpenOptions,
  Storage,
  StorageExtensions,
  VirtualPath,
} from "../storage/storage.ts";

/** An open file of a {@linkcode FilteredStorage}, which passes everything on. */
export class FilteredFile implements FileHandle {
  /** A handle around another one. */
  constructor(
    /** The file of the storage inside. */
    readonly inner: FileHandle,
  ) {}

  read(into: Uint8Array, position: number): MaybePromise<number> {
    return this.inner.read(into, position);
  }

  write(data: Uint8Array, position: number): MaybePromise<void> {
    return this.inner.write(data, position);
  }

  stat(): MaybePromise<FileAttrs> {
    return this.inner.stat();
  }

  setAttrs(attrs: FileAttrs): MaybePromise<void> {
    return this.inner.setAttrs(attrs);
  }

  close(aborted: boolean): MaybePromise<void> {
    return this.inner.close(aborted);
  }
}

/** A path without the `/` that asks for a directory at its end. */
export function withoutSlash(path: VirtualPath): VirtualPath {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Goes on with a file that is open, and closes it where that fails. */
export function whileOpen<F extends FileHandle, T>(
  file: F,
  next: (file: F) => MaybePromise<T>,
): MaybePromise<T> {
  return orElse(() => next(file), (failure) =>
    after(file.close(true), () => {
      throw failure;
    }));
}

/** A storage around another. What the other has not, as an extension, this has not either. */
export class FilteredStorage implements Storage<FilteredFile> {
  /** As the storage inside has it. */
  readonly resolvesParents: boolean;
  /** Those of the storage inside; each goes through the method of the same name. */
  readonly extensions: StorageExtensions<FilteredFile>;
  readonly #inner: Storage;

  /** A storage around `inner`. */
  constructor(inner: Storage) {
    this.#inner = inner;
    this.resolvesParents = inner.resolvesParents ?? false;
    this.extensions = this.#offered();
  }

  open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    return after(this.#inner.open(path, options), (file) => new FilteredFile(file));
  }

  openDir(path: VirtualPath): MaybePromise<DirHandle> {
    return this.#inner.openDir(path);
  }

  stat(path: VirtualPath): MaybePromise<FileAttrs> {
    return this.#inner.stat(path);
  }

  lstat(path: VirtualPath): MaybePromise<FileAttrs> {
    return this.#inner.lstat(path);
  }

  setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#inner.setAttrs(path, attrs);
  }

  realPath(path: VirtualPath): MaybePromise<VirtualPath> {
    return this.#inner.realPath(path);
  }

  readLink(path: VirtualPath): MaybePromise<string> {
    return this.#inner.readLink(path);
  }

  symlink(target: string, link: VirtualPath): MaybePromise<void> {
    return this.#inner.symlink(target, link);
  }

  mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#inner.mkdir(path, attrs);
  }

  rmdir(path: VirtualPath): MaybePromise<void> {
    return this.#inner.rmdir(path);
  }

  remove(path: VirtualPath): MaybePromise<void> {
    return this.#inner.remove(path);
  }

  rename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#inner.rename(from, to);
  }

  close(): MaybePromise<void> {
    return this.#inner.close();
  }

  /** `extensions.posixRename` of the storage inside; called where it has that. */
  posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#inner.extensions.posixRename!(from, to);
  }

  /** `extensions.hardLink` of the storage inside; called where it has that. */
  hardLink(existing: VirtualPath, link: VirtualPath): MaybePromise<void> {
    return this.#inner.extensions.hardLink!(existing, link);
  }

  /** `extensions.setLinkAttrs` of the storage inside; called where it has that. */
  setLinkAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#inner.extensions.setLinkAttrs!(path, attrs);
  }

  /** `extensions.statVfs` of the storage inside; called where it has that. */
  statVfs(path: VirtualPath): MaybePromise<FileSystemStats> {
    return this.#inner.extensions.statVfs!(path);
  }

  /** `extensions.fileStatVfs` of the storage inside; called where it has that. */
  fileStatVfs(file: FilteredFile): MaybePromise<FileSystemStats> {
    return this.#inner.extensions.fileStatVfs!(file.inner);
  }

  /** `extensions.fsync` of the storage inside; called where it has that. */
  fsync(file: FilteredFile): MaybePromise<void> {
    return this.#inner.extensions.fsync!(file.inner);
  }

  /** `extensions.copyData` of the storage inside; called where it has that. */
  copyData(range: CopyRange<FilteredFile>): MaybePromise<number> {
    const files = { source: range.source.inner, target: range.target.inner };
    return this.#inner.extensions.copyData!({ ...range, ...files });
  }

  /** `extensions.ownerNames` of the storage inside; called where it has that. */
  ownerNames(uids: readonly number[], gids: readonly number[]): MaybePromise<OwnerNames> {
    return this.#inner.extensions.ownerNames!(uids, gids);
  }

  /**
   * Opens a file that is made by this very call, whoever else tries at the same
   * moment; nothing where `options` do not create, or something has the name.
   */
  protected openNew(
    path: VirtualPath,
    options: OpenOptions,
  ): MaybePromise<FilteredFile | undefined> {
    if (!options.create) return undefined;
    const open = () =>
      after(
        this.#inner.open(path, { ...options, exclusive: true, truncate: false }),
        (file) => new FilteredFile(file),
      );
    if (options.exclusive) return open();
    return orElse<FilteredFile | undefined>(open, (failure) => {
      const isThere = orElse<unknown>(() => this.#inner.lstat(path), () => {
        throw failure;
      });
      return after(isThere, () => undefined);
    });
  }

  /**
   * The path of an entry itself, without links on the way there; a link at its
   * end stays, also where a `/` behind it asks for what it leads to.
   */
  protected entryPath(path: VirtualPath): MaybePromise<VirtualPath> {
    const plain = withoutSlash(path);
    const name = nameOf(plain);
    if (name === "" || name === "..") return this.#inner.realPath(plain);
    const parent = parentOf(plain);
    if (parent === "/") return plain;
    return after(this.#inner.realPath(parent), (real) => childOf(real, name));
  }

  #offered(): StorageExtensions<FilteredFile> {
    const all: Required<StorageExtensions<FilteredFile>> = {
      posixRename: (from, to) => this.posixRename(from, to),
      hardLink: (existing, link) => this.hardLink(existing, link),
      setLinkAttrs: (path, attrs) => this.setLinkAttrs(path, attrs),
      statVfs: (path) => this.statVfs(path),
      fileStatVfs: (file) => this.fileStatVfs(file),
      fsync: (file) => this.fsync(file),
      copyData: (range) => this.copyData(range),
      ownerNames: (uids, gids) => this.ownerNames(uids, gids),
    };
    const { extensions } = this.#inner;
    const offered = Object.entries(all).filter(([name]) =>
      extensions[name as keyof StorageExtensions] !== undefined
    );
    return Object.fromEntries(offered);
  }
}

/**
 * A storage in which no rename replaces anything: posix-rename does what RENAME
 * does. It stays advertised, as OpenSSH's `rename` and others ask for it first.
 */
export class NeverReplacingStorage extends FilteredStorage {
  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.rename(from, to);
  }
}
