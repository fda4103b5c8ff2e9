import { FileType } from "../attrs.ts";
import { after, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type { FileAttrs, MaybePromise, OpenOptions, VirtualPath } from "../storage/storage.ts";
import { nameOf } from "../storage/path.ts";
import type { AccessPolicy } from "./access.ts";
import { type FilteredFile, FilteredStorage, withoutSlash } from "./filtered_storage.ts";
import { type OwnKind, OwnNames } from "./own_names.ts";

/**
 * No file and no directory that was there goes away. Refuses REMOVE and RMDIR
 * of all but what this session has made itself, under whatever names it has
 * given it; so a client can take back its temporary files.
 *
 * Contents may still be written anew, and cut to nothing, as every upload over
 * an older version does: what keeps contents is `noOverwrite` or `appendOnly`.
 * So may a file that the session has made take the place of a regular file, by
 * posix-rename; what is there then counts as having been there. Any other
 * posix-rename replaces nothing and does what RENAME does.
 *
 * GNOME's gvfs makes its temporary files by one session and removes them by
 * another. Therefore a file under such a name (`.giosave` and six characters) may
 * be removed, too; in return nothing that was there can be given such a name.
 *
 * The session knows what it has made by the paths: if another one takes it away
 * and puts another file there, the session takes that for its own.
 */
export function noDelete(): AccessPolicy {
  return { name: "no-delete", wrap: (storage) => new NoDeleteStorage(storage) };
}

/** What gvfs calls a file that it has not finished. */
const TEMPORARY_NAME = /^\.giosave[0-9A-Za-z]{6}$/;

class NoDeleteStorage extends FilteredStorage {
  readonly #own = new OwnNames();

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

  /** Whether this is an own file, and a regular file is there that it may take the place of. */
  #mayReplace(from: VirtualPath, to: VirtualPath): MaybePromise<boolean> {
    return after(this.entryPath(from), (source) => {
      if (!this.#own.isFile(source)) return false;
      return orElse(
        () => after(super.lstat(to), isRegular),
        // What cannot be looked at is not replaced; RENAME tells why, where it is anything else.
        () => false,
      );
    });
  }

  #making(
    path: VirtualPath,
    kind: OwnKind,
    make: () => MaybePromise<void>,
  ): MaybePromise<void> {
    return after(this.entryPath(path), (entry) => after(make(), () => this.#own.add(entry, kind)));
  }

  #removing(path: VirtualPath, remove: () => MaybePromise<void>): MaybePromise<void> {
    return after(this.entryPath(path), (entry) => {
      if (this.#own.has(entry)) return after(remove(), () => this.#own.forget(entry));
      // What is not there is told as such.
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
