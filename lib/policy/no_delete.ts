import { FileType } from "../attrs.ts";
import { after, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type { FileAttrs, MaybePromise, OpenOptions, VirtualPath } from "../storage/storage.ts";
import { nameOf } from "../storage/path.ts";
import type { AccessPolicy } from "./access.ts";
import { type FilteredFile, FilteredStorage, withoutSlash } from "../storage/filtered_storage.ts";
import { CreatedEntries, type CreatedKind } from "./created_entries.ts";

/**
 * No file and no directory that existed before is removed. Refuses REMOVE and RMDIR of everything
 * that this session has not made itself; what it has made it may remove under any name that it has
 * given it, so a client can remove its temporary files.
 *
 * Contents may still be overwritten and truncated, as every upload over an older version does:
 * `noOverwrite` and `appendOnly` protect contents. Likewise, posix-rename may replace a regular
 * file with a file that the session has made; the result counts as a file that existed before. Any
 * other posix-rename replaces nothing: it behaves as RENAME does.
 *
 * GNOME's gvfs makes its temporary files in one session and removes them in another. Therefore a
 * file with such a name (`.giosave` and six characters) may be removed, too; in return nothing that
 * existed before can be given such a name.
 *
 * The session knows what it has made by path: if another session removes it and puts another file
 * there, this session takes that file for its own.
 */
export function noDelete(): AccessPolicy {
  return { name: "no-delete", wrap: (storage) => new NoDeleteStorage(storage) };
}

/** How gvfs names a file that is not finished. */
const TEMPORARY_NAME = /^\.giosave[0-9A-Za-z]{6}$/;

class NoDeleteStorage extends FilteredStorage {
  readonly #own = new CreatedEntries();

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    if (!options.create) return super.open(path, options);
    return after(this.entryPath(path), (entry) =>
      after(this.openNew(path, options), (made) => {
        if (made === undefined) return super.open(path, options);
        this.#own.add(entry, "file");
        return made;
      }));
  }

  override mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return this.#making(path, "directory", () => super.mkdir(path, attrs));
  }

  override symlink(target: string, link: VirtualPath): MaybePromise<void> {
    return this.#making(link, "link", () => super.symlink(target, link));
  }

  override hardLink(existing: VirtualPath, link: VirtualPath): MaybePromise<void> {
    if (isTemporary(link)) throw refused("giving that name");
    return this.#making(link, "link", () => super.hardLink(existing, link));
  }

  override remove(path: VirtualPath): MaybePromise<void> {
    return this.#removing(path, () => super.remove(path));
  }

  override rmdir(path: VirtualPath): MaybePromise<void> {
    return this.#removing(path, () => super.rmdir(path));
  }

  override rename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#moving(from, to, () => super.rename(from, to));
  }

  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return after(this.#mayReplace(from, to), (mayReplace) => {
      if (!mayReplace) return this.rename(from, to);
      return this.#moving(from, to, () => super.posixRename(from, to), { replaces: true });
    });
  }

  /** Whether `from` is an own file, and `to` a regular file that it may replace. */
  #mayReplace(from: VirtualPath, to: VirtualPath): MaybePromise<boolean> {
    return after(this.entryPath(from), (source) => {
      if (!this.#own.isFile(source)) return false;
      return orElse(
        () => after(super.lstat(to), isRegular),
        // A name that cannot be looked up is not replaced; RENAME reports the reason, unless
        // nothing is there.
        () => false,
      );
    });
  }

  #making(
    path: VirtualPath,
    kind: CreatedKind,
    make: () => MaybePromise<void>,
  ): MaybePromise<void> {
    return after(this.entryPath(path), (entry) => after(make(), () => this.#own.add(entry, kind)));
  }

  #removing(path: VirtualPath, remove: () => MaybePromise<void>): MaybePromise<void> {
    return after(this.entryPath(path), (entry) => {
      if (this.#own.has(entry)) return after(remove(), () => this.#own.forget(entry));
      // A missing entry is reported as missing.
      return after(super.lstat(path), (attrs) => {
        if (!isTemporary(path) || !isRegular(attrs)) throw refused("removing");
        return remove();
      });
    });
  }

  #moving(
    from: VirtualPath,
    to: VirtualPath,
    move: () => MaybePromise<void>,
    { replaces = false } = {},
  ): MaybePromise<void> {
    return after(this.entryPath(from), (source) => {
      if (isTemporary(to) && !this.#own.has(source)) throw refused("giving that name");
      return after(this.entryPath(to), (target) =>
        after(move(), () => {
          const wasThere = replaces && !this.#own.has(target);
          this.#own.move(source, target);
          if (wasThere) this.#own.forget(target);
        }));
    });
  }
}

function isTemporary(path: VirtualPath): boolean {
  return TEMPORARY_NAME.test(nameOf(withoutSlash(path)));
}

function isRegular({ permissions }: FileAttrs): boolean {
  return permissions !== undefined && (permissions & FileType.MASK) === FileType.REGULAR;
}

function refused(what: string): StorageError {
  return new StorageError("denied", `${what} is refused in no-delete mode`);
}
