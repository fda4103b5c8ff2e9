/**
 * The base of what is put around a storage: it passes everything on. A policy, for example,
 * overrides what it limits.
 *
 * @module
 */

import type { FileSystemStats, OwnerNames } from "../attrs.ts";
import { after, orElse } from "../async/maybe_promise.ts";
import { childOf, nameOf, parentOf } from "./path.ts";
import type {
  CopyRange,
  DirHandle,
  DraftSupport,
  FileAttrs,
  FileHandle,
  MaybePromise,
  OpenOptions,
  Storage,
  StorageExtensions,
  UsageSupport,
  VirtualPath,
} from "./storage.ts";

/** An open file of a {@linkcode FilteredStorage}, which passes everything on. */
export class FilteredFile implements FileHandle {
  /** A handle around another one. */
  constructor(
    /** The file of the inner storage. */
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

  spoil(): void {
    this.inner.spoil?.();
  }
}

/** A path without the closing `/`, which asks for a directory. */
export function withoutSlash(path: VirtualPath): VirtualPath {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Runs the next step on a file that is open, and closes the file if the step fails. */
export function whileOpen<F extends FileHandle, T>(
  file: F,
  next: (file: F) => MaybePromise<T>,
): MaybePromise<T> {
  return orElse(() => next(file), (failure) =>
    after(file.close(true), () => {
      throw failure;
    }));
}

/** A storage around another one. It offers an extension only if the inner storage does. */
export class FilteredStorage implements Storage<FilteredFile> {
  /** The same as in the inner storage. */
  readonly resolvesParents: boolean;
  /** The same as in the inner storage. */
  readonly decidesOnClose: boolean;
  /** Those of the inner storage; each calls the method of the same name. */
  readonly extensions: StorageExtensions<FilteredFile>;
  /** The same as in the inner storage. */
  readonly usage: UsageSupport<FilteredFile> | undefined;
  /** The same as in the inner storage. */
  readonly drafts: DraftSupport<FilteredFile> | undefined;
  readonly #inner: Storage;

  /** A storage around `inner`. */
  constructor(inner: Storage) {
    this.#inner = inner;
    this.resolvesParents = inner.resolvesParents ?? false;
    this.decidesOnClose = inner.decidesOnClose ?? false;
    this.extensions = this.#offered();
    const { usage, drafts } = inner;
    this.usage = usage && {
      blockBytes: usage.blockBytes,
      nameBytes: usage.nameBytes,
      ofPath: (path, options) => usage.ofPath(path, options),
      ofFile: (file) => usage.ofFile(file.inner),
    };
    this.drafts = drafts && {
      lock: (file) => drafts.lock(file.inner),
      resemble: (file, replaced) => drafts.resemble(file.inner, replaced.inner),
      flush: (file) => drafts.flush(file.inner),
      syncDirectory: (path) => drafts.syncDirectory(path),
    };
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

  /** `extensions.posixRename` of the inner storage; only called if it has one. */
  posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#inner.extensions.posixRename!(from, to);
  }

  /** `extensions.hardLink` of the inner storage; only called if it has one. */
  hardLink(existing: VirtualPath, link: VirtualPath): MaybePromise<void> {
    return this.#inner.extensions.hardLink!(existing, link);
  }

  /** `extensions.setLinkAttrs` of the inner storage; only called if it has one. */
  setLinkAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#inner.extensions.setLinkAttrs!(path, attrs);
  }

  /** `extensions.statVfs` of the inner storage; only called if it has one. */
  statVfs(path: VirtualPath): MaybePromise<FileSystemStats> {
    return this.#inner.extensions.statVfs!(path);
  }

  /** `extensions.fileStatVfs` of the inner storage; only called if it has one. */
  fileStatVfs(file: FilteredFile): MaybePromise<FileSystemStats> {
    return this.#inner.extensions.fileStatVfs!(file.inner);
  }

  /** `extensions.fsync` of the inner storage; only called if it has one. */
  fsync(file: FilteredFile): MaybePromise<void> {
    return this.#inner.extensions.fsync!(file.inner);
  }

  /** `extensions.copyData` of the inner storage; only called if it has one. */
  copyData(range: CopyRange<FilteredFile>): MaybePromise<number> {
    const files = { source: range.source.inner, target: range.target.inner };
    return this.#inner.extensions.copyData!({ ...range, ...files });
  }

  /** `extensions.ownerNames` of the inner storage; only called if it has one. */
  ownerNames(uids: readonly number[], gids: readonly number[]): MaybePromise<OwnerNames> {
    return this.#inner.extensions.ownerNames!(uids, gids);
  }

  /**
   * Opens a file that this very call creates, even if another session tries at the same moment;
   * nothing if `options` do not create, or something has the name.
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
   * The path of an entry itself, without links on the way there. A link at its end is not followed,
   * even if a `/` after it asks for its target.
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
 * A storage in which no rename replaces anything: posix-rename behaves as RENAME does. It stays
 * advertised, because OpenSSH's `rename` and other clients ask for it first.
 */
export class NeverReplacingStorage extends FilteredStorage {
  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.rename(from, to);
  }
}
