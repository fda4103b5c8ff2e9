import { after } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type {
  CopyRange,
  FileAttrs,
  MaybePromise,
  OpenOptions,
  VirtualPath,
} from "../storage/storage.ts";
import type { AccessPolicy } from "./access.ts";
import { FilteredFile, NeverReplacingStorage } from "../storage/filtered_storage.ts";
import { CreatedEntries } from "./created_entries.ts";

/**
 * The content of an existing file is never changed. Refuses an OPEN that writes to or truncates
 * what this session has not made itself, and SETSTAT and FSETSTAT of its size. posix-rename
 * replaces nothing: it behaves as RENAME does.
 *
 * The session may open what it has made again, to resume an upload, and rename it; RENAME and
 * hardlink of anything else are refused. The session knows its files by path, and because of these
 * refusals a second session cannot put another file at such a path. A process without this policy
 * can.
 *
 * A file can be removed and made again: combine this with `noDelete`. Modes, times and owners can
 * be set.
 */
export function noOverwrite(): AccessPolicy {
  return { name: "no-overwrite", wrap: (storage) => new NoOverwriteStorage(storage) };
}

class NoOverwriteStorage extends NeverReplacingStorage {
  readonly #own = new CreatedEntries();

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    if (!options.create) return this.#openExisting(path, options);
    return after(this.entryPath(path), (entry) =>
      after(this.openNew(path, options), (made) => {
        if (made === undefined) return this.#openExisting(path, { ...options, create: false });
        this.#own.add(entry, "file");
        return made;
      }));
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    if (attrs.size === undefined) return super.setAttrs(path, attrs);
    return after(this.#requireOwn(path), () => super.setAttrs(path, attrs));
  }

  override copyData(range: CopyRange<FilteredFile>): MaybePromise<number> {
    if (range.target instanceof KeptFile) throw refused();
    return super.copyData(range);
  }

  override remove(path: VirtualPath): MaybePromise<void> {
    return this.#forgetting(path, () => super.remove(path));
  }

  override rmdir(path: VirtualPath): MaybePromise<void> {
    return this.#forgetting(path, () => super.rmdir(path));
  }

  // A removal by another session is noticed when the name is used again.
  override symlink(target: string, link: VirtualPath): MaybePromise<void> {
    return this.#forgetting(link, () => super.symlink(target, link));
  }

  override mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(
      this.entryPath(path),
      (entry) => after(super.mkdir(path, attrs), () => this.#own.add(entry, "directory")),
    );
  }

  override hardLink(existing: VirtualPath, link: VirtualPath): MaybePromise<void> {
    return after(
      this.#requireOwnEntry(existing),
      () => this.#forgetting(link, () => super.hardLink(existing, link)),
    );
  }

  override rename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return after(
      this.#requireOwnEntry(from),
      (source) =>
        after(
          this.entryPath(to),
          (target) => after(super.rename(from, to), () => this.#own.move(source, target)),
        ),
    );
  }

  #requireOwnEntry(path: VirtualPath): MaybePromise<VirtualPath> {
    return after(this.entryPath(path), (entry) => {
      if (this.#own.has(entry)) return entry;
      // A missing entry is reported as missing.
      return after(super.lstat(path), () => {
        throw refused();
      });
    });
  }

  #openExisting(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    if (!options.write && !options.truncate) {
      return after(super.open(path, options), ({ inner }) => new KeptFile(inner));
    }
    return after(this.#requireOwn(path), () => super.open(path, options));
  }

  #requireOwn(path: VirtualPath): MaybePromise<void> {
    return after(super.realPath(path), (real) => {
      if (this.#own.isFile(real)) return;
      return after(super.stat(path), () => {
        throw refused();
      });
    });
  }

  #forgetting(path: VirtualPath, change: () => MaybePromise<void>): MaybePromise<void> {
    return after(
      this.entryPath(path),
      (entry) => after(change(), () => this.#own.forget(entry)),
    );
  }
}

/** An open file that existed before: it can only be read. */
class KeptFile extends FilteredFile {
  override write(): never {
    throw refused();
  }

  override setAttrs(attrs: FileAttrs): MaybePromise<void> {
    if (attrs.size !== undefined) throw refused();
    return super.setAttrs(attrs);
  }
}

function refused(): StorageError {
  return new StorageError("denied", "changing what existed before is refused in no-overwrite mode");
}
