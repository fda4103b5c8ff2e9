import { isDirectory } from "../attrs.ts";
import { after } from "../async/maybe_promise.ts";
import { nextShown } from "../storage/entries.ts";
import { StorageError } from "../storage/errors.ts";
import { childOf, nameOf, parentOf } from "../storage/path.ts";
import type {
  Checkpoint,
  DirEntry,
  DirHandle,
  FileAttrs,
  FileSystemStats,
  MaybePromise,
  OpenOptions,
  Storage,
  VirtualPath,
} from "../storage/storage.ts";
import type { AccessPolicy } from "./access.ts";
import { type FilteredFile, FilteredStorage, withoutSlash } from "../storage/filtered_storage.ts";
import { Globs, type Match, type PatternState } from "./glob.ts";

/**
 * Denies paths: every path that matches one of the patterns, and everything in a folder that does.
 * They are still listed.
 *
 * Affects every request and extension with a path. A path is checked as the client wrote it, and
 * without its links, as far as the storage's REALPATH removes them. A link whose target is denied
 * is not made, and a folder is not renamed if that would make other entries below it match the
 * patterns, or these no longer match.
 *
 * What this cannot prevent: a file that has a second name (a hard link) can be reached by that
 * name; and a process that swaps a folder for a link at the right moment, between the check of a
 * path and its use, gets past the check. Open handles stay open.
 *
 * @param patterns In the syntax of `lib/policy/glob.ts`: `*.key`, `/private`, `{a,b}/**`.
 * @throws {SyntaxError} If one of them is not a valid pattern.
 */
export function denyPaths(patterns: readonly string[]): AccessPolicy {
  const globs = new Globs(patterns);
  return { name: "deny", wrap: (storage) => new PathLimits(storage, globs, { hidden: false }) };
}

/**
 * As {@linkcode denyPaths}, and the paths look as if they did not exist: they are not found and not
 * listed. Making something with such a name is refused.
 *
 * RMDIR of a folder that seems empty fails, and a link whose target leads into a hidden folder and
 * out again reveals, because it works, that there is such a folder.
 *
 * @param patterns In the syntax of `lib/policy/glob.ts`.
 * @throws {SyntaxError} If one of them is not a valid pattern.
 */
export function hidePaths(patterns: readonly string[]): AccessPolicy {
  const globs = new Globs(patterns);
  return { name: "hide", wrap: (storage) => new PathLimits(storage, globs, { hidden: true }) };
}

class PathLimits extends FilteredStorage {
  readonly #globs: Globs;
  readonly #hidden: boolean;

  constructor(inner: Storage, globs: Globs, { hidden }: { readonly hidden: boolean }) {
    super(inner);
    this.#globs = globs;
    this.#hidden = hidden;
  }

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    return after(this.#target(path, options.create), () => super.open(path, options));
  }

  override openDir(path: VirtualPath): MaybePromise<DirHandle> {
    return after(this.#target(path), (real) =>
      after(
        super.openDir(path),
        (dir) => this.#hidden ? new FilteredDir(dir, this.#globs.at(real).state) : dir,
      ));
  }

  override stat(path: VirtualPath): MaybePromise<FileAttrs> {
    return after(this.#target(path), () => super.stat(path));
  }

  override lstat(path: VirtualPath): MaybePromise<FileAttrs> {
    return after(this.#entry(path), () => super.lstat(path));
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(this.#target(path), () => super.setAttrs(path, attrs));
  }

  /** A hidden name is reported as one that does not exist. */
  override realPath(path: VirtualPath): MaybePromise<VirtualPath> {
    if (this.#hidden && this.#globs.at(path).match === "itself" && isName(nameOf(path))) {
      return after(this.#target(parentOf(path)), (parent) => childOf(parent, nameOf(path)));
    }
    return after(this.#target(path), () => super.realPath(path));
  }

  override readLink(path: VirtualPath): MaybePromise<string> {
    return after(this.#entry(path), () => super.readLink(path));
  }

  override symlink(target: string, link: VirtualPath): MaybePromise<void> {
    return after(this.#entry(link, true), (entry) => {
      const text = target.startsWith("/") ? target : childOf(parentOf(entry), target);
      this.#require(text, true);
      return super.symlink(target, link);
    });
  }

  override mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(this.#entry(path, true), () => super.mkdir(path, attrs));
  }

  override rmdir(path: VirtualPath): MaybePromise<void> {
    return after(this.#entry(path), () => super.rmdir(path));
  }

  override remove(path: VirtualPath): MaybePromise<void> {
    return after(this.#entry(path), () => super.remove(path));
  }

  override rename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return after(this.#requireMove(from, to), () => super.rename(from, to));
  }

  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return after(this.#requireMove(from, to), () => super.posixRename(from, to));
  }

  override hardLink(existing: VirtualPath, link: VirtualPath): MaybePromise<void> {
    // Some systems follow a link here.
    return after(
      this.#target(existing),
      () => after(this.#entry(link, true), () => super.hardLink(existing, link)),
    );
  }

  override setLinkAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(this.#entry(path), () => super.setLinkAttrs(path, attrs));
  }

  override statVfs(path: VirtualPath): MaybePromise<FileSystemStats> {
    return after(this.#target(path), () => super.statVfs(path));
  }

  /**
   * The path of what `path` leads to; refused if that, or a link at its end, is denied or hidden.
   */
  #target(path: VirtualPath, creates = false): MaybePromise<VirtualPath> {
    const plain = withoutSlash(path);
    this.#require(plain, creates);
    return after(super.realPath(plain), (real) => {
      if (real === plain) return real;
      this.#require(real, creates);
      return after(this.#entry(plain, creates), () => real);
    });
  }

  /**
   * The path of an entry itself; refused if it, or a folder on the way there, is denied or hidden,
   * or, with a `/` after it, what it leads to.
   */
  #entry(path: VirtualPath, creates = false): MaybePromise<VirtualPath> {
    const plain = withoutSlash(path);
    this.#require(plain, creates);
    return after(super.entryPath(path), (entry) => {
      this.#require(entry, creates);
      // With links on the way, each folder that the path names is checked.
      const way = entry === plain ? "/" : this.#target(parentOf(plain));
      return after(way, () => path === plain ? entry : after(this.#target(path), () => entry));
    });
  }

  #requireMove(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return after(this.#entry(from), (source) =>
      after(this.#entry(to, true), (target) => {
        if (this.#globs.at(source).state.isLike(this.#globs.at(target).state)) return;
        return after(super.lstat(from), (attrs) => {
          if (isDirectory(attrs)) throw refused("a rename that changes which paths are denied");
        });
      }));
  }

  #require(path: VirtualPath, creates: boolean): void {
    const { match } = this.#globs.at(path);
    if (match !== "none") throw this.#refusal(match, creates);
  }

  #refusal(match: Match, creates: boolean): StorageError {
    if (!this.#hidden || (creates && match === "itself")) return refused("access to this path");
    return new StorageError("not-found");
  }
}

/** A directory without the entries that match a pattern. */
class FilteredDir implements DirHandle {
  readonly #dir: DirHandle;
  readonly #state: PatternState;

  constructor(dir: DirHandle, state: PatternState) {
    this.#dir = dir;
    this.#state = state;
  }

  next(limit: number, checkpoint?: Checkpoint): MaybePromise<readonly DirEntry[]> {
    return nextShown(this.#dir, {
      limit,
      shown: (entries) =>
        entries.filter(({ name }) => !isName(name) || !this.#state.enter(name).isMatch),
      checkpoint,
    });
  }

  close(): MaybePromise<void> {
    return this.#dir.close();
  }
}

function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== "..";
}

function refused(what: string): StorageError {
  return new StorageError("denied", `${what} is refused`);
}
