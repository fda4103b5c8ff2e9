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

/** An open file of a {@linkcode ReadOnlyStorage}: what there is to do with it. */
export type ReadOnlyFile = Pick<FileHandle, "read" | "stat" | "close">;

/**
 * A tree that is only looked at and has no links. Three methods make one:
 * {@linkcode ReadOnlyStorage.stat}, {@linkcode ReadOnlyStorage.openDir} and
 * {@linkcode ReadOnlyStorage.openFile}. Whatever would change something is
 * refused with `denied`.
 */
export abstract class ReadOnlyStorage implements Storage {
  /** None. */
  readonly extensions: StorageExtensions = {};

  /**
   * Attributes of what is at `path`, with `permissions`, which tell whether it
   * is a file or a directory, and for a file its `size` in bytes. STAT, LSTAT.
   *
   * @throws {StorageError} `not-found` where there is nothing, or something on the way is a file.
   */
  abstract stat(path: VirtualPath): MaybePromise<FileAttrs>;

  /**
   * Opens a directory for listing. OPENDIR.
   *
   * @throws {StorageError} `not-found` where there is none.
   */
  abstract openDir(path: VirtualPath): MaybePromise<DirHandle>;

  /**
   * Opens a file to read. OPEN.
   *
   * @throws {StorageError} `not-found` where there is nothing, `failure` where it is a directory.
   */
  abstract openFile(path: VirtualPath): MaybePromise<ReadOnlyFile>;

  /** Opens a file where it is only to be read. OPEN. */
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

  /** As `stat`: there are no links. LSTAT. */
  lstat(path: VirtualPath): MaybePromise<FileAttrs> {
    return this.stat(path);
  }

  /** The path as it is; fails where the directory that holds it is not there. REALPATH. */
  realPath(path: VirtualPath): MaybePromise<VirtualPath> {
    return after(this.stat(parentOf(path)), (attrs) => {
      if (!isDirectory(attrs)) throw new StorageError("not-found", "not a directory");
      return path;
    });
  }

  /** Fails: what is there is no link. READLINK. */
  readLink(path: VirtualPath): MaybePromise<string> {
    return after(this.stat(path), () => {
      throw new StorageError("invalid", "invalid argument");
    });
  }

  /** Is refused. SETSTAT. */
  setAttrs(_path: VirtualPath, _attrs: FileAttrs): MaybePromise<void> {
    refuse();
  }

  /** Is refused. SYMLINK. */
  symlink(_target: string, _link: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Is refused. MKDIR. */
  mkdir(_path: VirtualPath, _attrs: FileAttrs): MaybePromise<void> {
    refuse();
  }

  /** Is refused. RMDIR. */
  rmdir(_path: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Is refused. REMOVE. */
  remove(_path: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Is refused. RENAME. */
  rename(_from: VirtualPath, _to: VirtualPath): MaybePromise<void> {
    refuse();
  }

  /** Gives nothing back; a storage that stands on something does it here. */
  close(): MaybePromise<void> {}
}

function refuse(): never {
  throw new StorageError("denied", "this is only read");
}
