import type { FileSystemStats } from "../attrs.ts";
import { isDirectory } from "../attrs.ts";
import { after, inTurn, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { errorOf } from "../storage/errno.ts";
import { StorageError } from "../storage/errors.ts";
import {
  FilteredFile,
  FilteredStorage,
  whileOpen,
  withoutSlash,
} from "../storage/filtered_storage.ts";
import { parentOf } from "../storage/path.ts";
import type {
  CopyRange,
  DirHandle,
  FileAttrs,
  FileHandle,
  OpenOptions,
  Storage,
  VirtualPath,
} from "../storage/storage.ts";
import { TO_WRITE } from "../storage/to_write.ts";
import type { AtomicOptions } from "./options.ts";
import { openVisible } from "./directory.ts";
import type { Draft, DraftContext } from "./draft.ts";
import { DraftFile } from "./draft_file.ts";
import { Drafts } from "./drafts.ts";
import { ifNotFound, ignored, isNotFound } from "./failures.ts";
import { join, openAgain, openExisting, openNew } from "./opening.ts";
import { hasReservedName } from "./reserved_names.ts";
import { Records } from "./records.ts";

/** What `atomic` returns. */
export class AtomicStorage extends FilteredStorage {
  /** Whether something decides about uploads. */
  override readonly decidesOnClose: boolean;
  readonly #inner: Storage;
  readonly #drafts = new Drafts<Draft>();
  readonly #context: DraftContext;

  constructor(inner: Storage, options: AtomicOptions) {
    super(inner);
    this.decidesOnClose = options.beforePublish !== undefined || (inner.decidesOnClose ?? false);
    this.#inner = inner;
    const found = { storage: inner, support: inner.drafts, drafts: this.#drafts };
    const records = new Records({ ...found, log: options.log });
    this.#context = { ...found, options, records };
  }

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    const { create, exclusive, truncate, write } = options;
    requireVisible(path, create);
    // A file has no closing slash: the storage finds out what is wrong.
    if (withoutSlash(path) !== path) return super.open(path, options);
    const { records } = this.#context;
    const opening = {
      context: this.#context,
      path,
      options,
      entryPath: () => this.entryPath(path),
    };
    return after(this.#draftAt(path), (draft) => {
      // What is being decided about does not change meanwhile.
      if (draft?.publishing && (write || truncate)) {
        return draft.publishing.then(() => this.open(path, options));
      }
      if (create && exclusive) {
        if (draft !== undefined) throw errorOf("EEXIST");
        return after(records.sweep(), () => openNew(opening));
      }
      if (draft !== undefined) {
        if (truncate) return openAgain(opening, draft);
        if (write && (draft.isReadable || !options.read)) return join(draft, options);
        if (!write) {
          const asItIs = { ...options, create: false };
          return after(draft.toRead(), () => super.open(draft.path ?? path, asItIs));
        }
      }
      if (!create && !truncate && !write) return super.open(path, options);
      return after(records.sweep(), () => openExisting(opening));
    });
  }

  override openDir(path: VirtualPath): MaybePromise<DirHandle> {
    requireVisible(path);
    const { records } = this.#context;
    return after(
      records.sweep(),
      () => after(super.openDir(path), (dir) => openVisible(dir, path, this.#context)),
    );
  }

  override stat(path: VirtualPath): MaybePromise<FileAttrs> {
    return after(this.#seen(path), (seen) => super.stat(seen));
  }

  override lstat(path: VirtualPath): MaybePromise<FileAttrs> {
    return after(this.#seen(path, false), (seen) => super.lstat(seen));
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    const { size, ...others } = attrs;
    if (size === undefined) return this.#setOthers(path, attrs);
    requireVisible(path);
    let failure: unknown;
    const resized = orElse(() => this.#resize(path, size), (error) => {
      failure = error;
    });
    return after(resized, () =>
      after(this.#setOthers(path, others), () => {
        if (failure !== undefined) throw failure;
      }));
  }

  override close(): MaybePromise<void> {
    return after(this.#context.records.end(), () => super.close());
  }

  override realPath(path: VirtualPath): MaybePromise<VirtualPath> {
    requireVisible(path);
    return super.realPath(path);
  }

  override readLink(path: VirtualPath): MaybePromise<string> {
    return after(this.#seen(path, false), (seen) => super.readLink(seen));
  }

  override symlink(target: string, link: VirtualPath): MaybePromise<void> {
    return after(this.#requireFree(link), () => super.symlink(target, link));
  }

  override mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(this.#requireFree(path), () => super.mkdir(path, attrs));
  }

  override rmdir(path: VirtualPath): MaybePromise<void> {
    requireVisible(path);
    return orElse(() => super.rmdir(path), (failure) => {
      ignored(failure);
      // It may hold nothing but what a dead session left.
      return after(this.#context.records.sweepIn(path), () => super.rmdir(path));
    });
  }

  override remove(path: VirtualPath): MaybePromise<void> {
    requireVisible(path);
    return after(this.#draftAt(path, false), (draft) => {
      if (draft === undefined) return super.remove(path);
      if (draft.publishing) return draft.publishing.then(() => this.remove(path));
      const removed = orElse(() => super.remove(path), (failure) => {
        if (draft.path === undefined || !isNotFound(failure)) throw failure;
      });
      return after(removed, () => this.#removed(draft.target));
    });
  }

  override rename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#move(from, to, { replaces: false });
  }

  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.#move(from, to, { replaces: true });
  }

  override hardLink(existing: VirtualPath, link: VirtualPath): MaybePromise<void> {
    requireVisible(existing);
    return after(this.#draftAt(existing), (draft) => {
      if (draft?.path !== undefined) throw new StorageError("failure", "file is being uploaded");
      return after(this.#requireFree(link), () => super.hardLink(existing, link));
    });
  }

  override setLinkAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(this.#seen(path, false), (seen) => super.setLinkAttrs(seen, attrs));
  }

  override statVfs(path: VirtualPath): MaybePromise<FileSystemStats> {
    return after(this.#seen(path), (seen) => super.statVfs(seen));
  }

  override fileStatVfs(file: FilteredFile): MaybePromise<FileSystemStats> {
    return this.#inner.extensions.fileStatVfs!(innerOf(file));
  }

  override fsync(file: FilteredFile): MaybePromise<void> {
    return this.#inner.extensions.fsync!(innerOf(file));
  }

  override copyData(range: CopyRange<FilteredFile>): MaybePromise<number> {
    const { source, target } = range;
    if (!(target instanceof DraftFile)) return super.copyData(range);
    const isDraft = source instanceof DraftFile;
    if (isDraft && source.draft === target.draft) {
      throw new StorageError("failure", "source and target are one file");
    }
    const from = isDraft ? source.toRead() : source.inner;
    return after(
      from,
      (from) =>
        after(
          target.toChange(range.targetPosition),
          ({ file, position }) =>
            this.#inner.extensions.copyData!({
              ...range,
              source: from,
              target: file,
              targetPosition: position,
            }),
        ),
    );
  }

  #setOthers(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    return after(this.#seen(path), (seen) => super.setAttrs(seen, attrs));
  }

  /** A new size is an upload of its own, unless the file is being written. */
  #resize(path: VirtualPath, size: number): MaybePromise<void> {
    return after(this.#draftAt(path), (draft) => {
      if (draft?.publishing) return draft.publishing.then(() => this.#resize(path, size));
      if (draft?.path !== undefined) return draft.resize(size);
      return after(this.open(path, { ...TO_WRITE, truncate: size === 0 }), (file) =>
        after(
          whileOpen(file, () => file.setAttrs({ size })),
          () => file.close(false),
        ));
    });
  }

  /** What this session is writing where `path` leads to. */
  #draftAt(path: VirtualPath, follow = true): MaybePromise<Draft | undefined> {
    if (this.#drafts.isEmpty) return undefined;
    const draft = this.#drafts.at(path);
    if (draft !== undefined || withoutSlash(path) !== path) return draft;
    return orElse(
      () =>
        after(
          follow ? super.realPath(path) : this.entryPath(path),
          (real) => this.#drafts.at(real),
        ),
      (failure) => void ignored(failure),
    );
  }

  /** Where the inner storage has what this session sees at `path`. */
  #seen(path: VirtualPath, follow = true): MaybePromise<VirtualPath> {
    requireVisible(path);
    return after(this.#draftAt(path, follow), (draft) => draft?.path ?? path);
  }

  /** Fails if the session is writing a file of that name. */
  #requireFree(path: VirtualPath): MaybePromise<void> {
    requireVisible(path, true);
    return after(this.#draftAt(path, false), (draft) => {
      if (draft !== undefined) throw errorOf("EEXIST");
    });
  }

  #move(
    from: VirtualPath,
    to: VirtualPath,
    { replaces }: { readonly replaces: boolean },
  ): MaybePromise<void> {
    requireVisible(from);
    requireVisible(to, true);
    const inStorage = () => replaces ? super.posixRename(from, to) : super.rename(from, to);
    if (this.#drafts.isEmpty) return inStorage();
    return after(this.entryPath(from), (source) =>
      after(this.entryPath(to), (target) => {
        const publishing = this.#drafts.publishingAt(source) ?? this.#drafts.publishingAt(target);
        if (publishing) return publishing.then(() => this.#move(from, to, { replaces }));
        const moved = this.#drafts.at(source);
        const replaced = this.#drafts.at(target);
        if (!replaces && replaced !== undefined) throw errorOf("EEXIST");
        const done = orElse(inStorage, (failure) => {
          if (moved?.path === undefined || !isNotFound(failure)) throw failure;
          return this.#requireReplaceable(to, replaces);
        });
        if (source === target) return done;
        const directory = parentOf(target);
        const followed = after(
          done,
          () =>
            inTurn(this.#drafts.allAt(source), (draft) => {
              if (replaces) draft.name = "any";
              return draft.moveTo(directory);
            }),
        );
        return after(followed, () =>
          after(
            replaced && this.#removed(target),
            () => this.#followed(source, target),
          ));
      }));
  }

  #followed(source: VirtualPath, target: VirtualPath): MaybePromise<void> {
    this.#drafts.move(source, target);
    const { records } = this.#context;
    return inTurn(this.#drafts.all(), (draft) => records.note(parentOf(draft.target)));
  }

  /** As a rename of a file to `to` would. */
  #requireReplaceable(to: VirtualPath, replaces: boolean): MaybePromise<void> {
    const found = orElse<FileAttrs | undefined>(
      () => super.lstat(to),
      (failure) => ifNotFound(failure, undefined),
    );
    return after(found, (found) => {
      if (found === undefined) return;
      if (!replaces) throw errorOf("EEXIST");
      if (isDirectory(found)) throw errorOf("EISDIR");
    });
  }

  #removed(target: VirtualPath): MaybePromise<void> {
    return inTurn([...this.#drafts.allAt(target)], (draft) => draft.removed());
  }
}

function innerOf(file: FilteredFile): FileHandle {
  return file instanceof DraftFile ? file.draft.current : file.inner;
}

/** Fails if a path has a name that is the wrapper's own. */
function requireVisible(path: VirtualPath, creates = false): void {
  if (!hasReservedName(path)) return;
  throw creates
    ? new StorageError("denied", "this name is kept for atomic uploads")
    : new StorageError("not-found", "no such file");
}
