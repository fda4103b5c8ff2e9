import { FileType } from "../attrs.ts";
import { after } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type {
  DirHandle,
  FileAttrs,
  MaybePromise,
  OpenOptions,
  VirtualPath,
} from "../storage/storage.ts";
import type { AccessPolicy } from "./access.ts";
import { type FilteredFile, FilteredStorage } from "../storage/filtered_storage.ts";
import { CreatedEntries } from "./created_entries.ts";
import { refuseKinds } from "./requests.ts";

const REFUSED = [
  "read",
  "readlink",
  "rmdir",
  "symlink",
  "hardlink",
  "copy-data",
  "check-file-handle",
  "check-file-name",
  "check-file",
];

/**
 * A drop box: new files and directories can be made, and nothing can be read.
 *
 * Refuses READ, READLINK, RMDIR, SYMLINK, and the extensions hardlink, copy-data and check-file,
 * which are not advertised. OPENDIR succeeds with an empty listing; STAT, LSTAT, REALPATH and
 * statvfs still work.
 *
 * OPEN makes files that do not exist yet. The session may also OPEN for writing, REMOVE, RENAME and
 * posix-rename the files that it has made itself (under any name that it has given them), and use
 * SETSTAT and lsetstat on these and on its directories. A rename replaces only its own files.
 *
 * The session knows its files by path: if another process removes one and puts another file there,
 * the session takes that file for its own.
 */
export function uploadOnly(): AccessPolicy {
  return {
    name: "upload-only",
    requests: refuseKinds("upload-only", REFUSED),
    wrap: (storage) => new UploadOnlyStorage(storage),
  };
}

class UploadOnlyStorage extends FilteredStorage {
  readonly #own = new CreatedEntries();

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    if (!options.write) throw refused("reading");
    const toWrite = { ...options, read: false };
    return after(this.entryPath(path), (entry) =>
      after(this.openNew(path, toWrite), (made) => {
        if (made !== undefined) {
          this.#own.add(entry, "file");
          return made;
        }
        if (this.#own.isFile(entry)) return super.open(path, { ...toWrite, create: false });
        return this.#refuse(path, "writing to an existing file");
      }));
  }

  override openDir(path: VirtualPath): MaybePromise<DirHandle> {
    return after(super.stat(path), ({ permissions }) => {
      if (permissions !== undefined && (permissions & FileType.MASK) !== FileType.DIRECTORY) {
        throw new StorageError("failure", "not a directory");
      }
      return { next: () => [], close: () => {} };
    });
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#onOwn(path, () => super.setAttrs(path, attrs));
  }

  override setLinkAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#onOwn(path, () => super.setLinkAttrs(path, attrs));
  }

  override mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(
      this.entryPath(path),
      (entry) => after(super.mkdir(path, attrs), () => this.#own.add(entry, "directory")),
    );
  }

  override remove(path: VirtualPath): MaybePromise<void> {
    return after(this.entryPath(path), (entry) => {
      if (!this.#own.isFile(entry)) return this.#refuse(path, "removing");
      return after(super.remove(path), () => this.#own.forget(entry));
    });
  }

  override rename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#move(from, to, () => super.rename(from, to));
  }

  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#move(
      from,
      to,
      // RENAME never replaces anything, even if another session makes it at the same moment.
      (target) => this.#own.isFile(target) ? super.posixRename(from, to) : super.rename(from, to),
    );
  }

  #move(
    from: VirtualPath,
    to: VirtualPath,
    rename: (target: VirtualPath) => MaybePromise<void>,
  ): MaybePromise<void> {
    return after(this.entryPath(from), (source) => {
      if (!this.#own.isFile(source)) return this.#refuse(from, "renaming");
      return after(
        this.entryPath(to),
        (target) => after(rename(target), () => this.#own.move(source, target)),
      );
    });
  }

  #onOwn(path: VirtualPath, change: () => MaybePromise<void>): MaybePromise<void> {
    return after(
      this.entryPath(path),
      (entry) => this.#own.has(entry) ? change() : this.#refuse(path, "changing"),
    );
  }

  /** A missing entry is reported as missing, as STAT also does. */
  #refuse(path: VirtualPath, what: string): MaybePromise<never> {
    return after(super.lstat(path), () => {
      throw refused(what);
    });
  }
}

function refused(what: string): StorageError {
  return new StorageError("denied", `${what} is refused in upload-only mode`);
}
