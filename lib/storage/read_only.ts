import { type FileAttrs, isDirectory } from "../attrs.ts";
import { after, type MaybePromise } from "../async/maybe_promise.ts";
import { StorageError } from "./errors.ts";
import { parentOf } from "./path.ts";
import type {
  DirHandle,
  FileHandle,
  OpenOptions,
  Storage,
  StorageExtensions,
  VirtualPath,
} from "./storage.ts";

/** An open file of a {@linkcode ReadOnlyStorage}, which can only be read. */
export type ReadOnlyFile = Pick<FileHandle, "read" | "stat" | "close">;

/**
 * A tree that can only be read and has no links. A subclass implements three
 * methods: {@linkcode ReadOnlyStorage.stat}, {@linkcode ReadOnlyStorage.openDir}
 * and {@linkcode ReadOnlyStorage.openFile}. Every change is refused with
 * `denied`.
 */
export abstract class ReadOnlyStorage implements Storage {
  /** None. */
  readonly extensions: StorageExtensions = {};

  /**
   * Attributes of what is at `path`: `permissions`, which tell whether it is a
   * file or a directory, and for a file its `size` in bytes. STAT, LSTAT.
   *
   * @throws {StorageError} `not-found` if nothing is there, or a parent is a file.
   */
  abstract stat(path: VirtualPath): MaybePromise<FileAttrs>;

  /**
   * Opens a directory for listing. OPENDIR.
   *
   * @throws {StorageError} `not-found` if there is none.
   */
  abstract openDir(path: VirtualPath): MaybePromise<DirHandle>;

  /**
   * Opens a file for reading. OPEN.
   *
   * @throws {StorageError} `not-found` if nothing is there, `failure` if it is a directory.
   */
  abstract openFile(path: VirtualPath): MaybePromise<ReadOnlyFile>;

  /** Opens a file for reading, and refuses any other way. OPEN. */
  open(path: VirtualPath, options: OpenOptions): MaybePromise<FileHandle> {
    const { write, append, create, truncate } = options;
    if (write || append || create || truncate) refuse();
    return after(this.openFile(path), (file): FileHandle => ({
      read: (into, position) => file.read(into, position),
      stat: () => file.stat(),
      close: (aborted) => file.close(aborted),
      write: refuse,
      setAttrs: refuse,
    }));
  }

  /** Same as `stat`: there are no links. LSTAT. */
  lstat(path: VirtualPath): MaybePromise<FileAttrs> {
    return this.stat(path);
  }

  /** The path as it is; fails if its parent directory does not exist. REALPATH. */
  realPath(path: VirtualPath): MaybePromise<VirtualPath> {
    return after(this.stat(parentOf(path)), (attrs) => {
      if (!isDirectory(attrs)) throw new StorageError("not-found", "not a directory");
      return path;
    });
  }

  /** Fails: nothing here is a link. READLINK. */
  readLink(path: VirtualPath): MaybePromise<string> {
    return after(this.stat(path), () => {
      throw new StorageError("invalid", "invalid argument");
    });
  }

  /** Refused. SETSTAT. */
  setAttrs(_path: VirtualPath, _attrs: FileAttrs): MaybePromise<void> {
    refuse();
  }

  /** Refused. SYMLINK. */
  symlink(_target: string, _link: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Refused. MKDIR. */
  mkdir(_path: VirtualPath, _attrs: FileAttrs): MaybePromise<void> {
    refuse();
  }

  /** Refused. RMDIR. */
  rmdir(_path: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Refused. REMOVE. */
  remove(_path: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Refused. RENAME. */
  rename(_from: VirtualPath, _to: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Does nothing; a storage that holds resources releases them here. */
  close(): MaybePromise<void> {}
}

function refuse(): never {
  throw new StorageError("denied", "this is read-only");
}
