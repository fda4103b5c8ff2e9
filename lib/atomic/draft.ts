import { after, isPromise, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import { whileOpen } from "../storage/filtered_storage.ts";
import { childOf, parentOf } from "../storage/path.ts";
import type {
  DraftSupport,
  FileAttrs,
  FileHandle,
  Storage,
  VirtualPath,
} from "../storage/storage.ts";
import { TO_WRITE } from "../storage/to_write.ts";
import type { AtomicOptions } from "./options.ts";
import { copyContent } from "./copy_content.ts";
import type { Drafts } from "./drafts.ts";
import { ignored, isDenied } from "./failures.ts";
import { newDraftName } from "./own_names.ts";
import type { Records } from "./records.ts";
import { likeReplaced } from "./resemble.ts";

/** How often to make another draft where a sweep of another session took the new one. */
const MAKING_ATTEMPTS = 8;

/** What all drafts of a session share. */
export interface DraftContext {
  readonly storage: Storage;
  readonly support: DraftSupport | undefined;
  readonly options: AtomicOptions;
  readonly drafts: Drafts<Draft>;
  readonly records: Records;
}

/**
 * The target's name: something has it; nothing had it when the file was opened; or it must be new,
 * so that nothing is replaced.
 */
export type NameState = "taken" | "free" | "new";

/** What a draft is for. */
export interface DraftPlan {
  /** The path of the file that it will be, without links. */
  readonly target: VirtualPath;
  readonly name: NameState;
}

/** The file that is there, opened. */
export interface Base {
  readonly file: FileHandle;
  readonly isReadable: boolean;
}

/**
 * A file that is being written, for all handles that write to it. Up to the first change it is the
 * file that is there, its base; from then on it has a name of its own, which it changes for the
 * target's when a handle is closed.
 */
export class Draft {
  target: VirtualPath;
  /** Its own name; undefined while nothing has changed. */
  path: VirtualPath | undefined;
  name: NameState;
  /** Handles that are open. */
  handles = 0;
  readonly #context: DraftContext;
  #base: Base | undefined;
  #file: FileHandle | undefined;
  #beginning: Promise<FileHandle> | undefined;
  #isRemoved = false;
  #isSpoiled = false;

  private constructor(context: DraftContext, { target, name }: DraftPlan, base?: Base) {
    this.#context = context;
    this.target = target;
    this.name = name;
    this.#base = base;
  }

  /** A draft that is the file that is there until it is changed. */
  static unchanged(context: DraftContext, plan: DraftPlan, base: Base): Draft {
    return new Draft(context, plan, base);
  }

  /** An empty draft of a file that does not exist yet. */
  static ofNew(context: DraftContext, plan: DraftPlan, attrs: FileAttrs): MaybePromise<Draft> {
    const draft = new Draft(context, plan);
    return after(draft.#make(attrs), () => draft);
  }

  /** An empty draft of a file that will replace another one. */
  static ofReplaced(
    context: DraftContext,
    plan: DraftPlan,
    replaced: FileHandle,
  ): MaybePromise<Draft> {
    const draft = new Draft(context, plan);
    return after(draft.#makeLike(replaced), () => draft);
  }

  /** Whether another handle may join, which reads. */
  get isReadable(): boolean {
    return this.#file !== undefined || this.#base?.isReadable === true;
  }

  /** The file to read from, and to look at. */
  get current(): FileHandle {
    return this.#file ?? this.#base!.file;
  }

  /** The file to write to; undefined if it must be asked for by {@linkcode toChange}. */
  get changed(): FileHandle | undefined {
    return this.#file;
  }

  /**
   * The file to write to, made now if this is the first change.
   *
   * @param emptied Whether what is there is not kept.
   */
  toChange(emptied = false): MaybePromise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const base = this.#base!;
    // Without a name it can be replaced by nothing.
    if (this.#isRemoved) return base.file;
    if (this.#beginning !== undefined) return this.#beginning;
    const begun = after(this.#makeFrom(base, emptied), (file) => {
      this.#base = undefined;
      return after(base.file.close(false), () => file);
    });
    if (!isPromise(begun)) return begun;
    this.#beginning = begun.finally(() => this.#beginning = undefined);
    return this.#beginning;
  }

  /** A change has failed: what is here is not what the client means. */
  spoil(): void {
    this.#isSpoiled = true;
  }

  /** The target was removed, or replaced by another file of this session. */
  removed(): MaybePromise<void> {
    this.#isRemoved = true;
    this.#context.drafts.delete(this);
    return this.#unlink();
  }

  /** Goes to another directory, where its target is now. */
  moveTo(directory: VirtualPath): MaybePromise<void> {
    const { path } = this;
    if (path === undefined || parentOf(path) === directory) return;
    const to = childOf(directory, newDraftName());
    return after(this.#context.storage.rename(path, to), () => {
      this.path = to;
    });
  }

  /** One handle is closed; the last one closes the file. */
  close({ hasChanged, aborted }: {
    readonly hasChanged: boolean;
    readonly aborted: boolean;
  }): MaybePromise<void> {
    const isLast = --this.handles === 0;
    if (aborted || !hasChanged || this.#isRemoved || this.#isSpoiled) {
      return after(isLast ? this.#discard(aborted) : undefined, () => {
        if (aborted || !this.#isSpoiled) return;
        throw new StorageError("failure", "not published, because a change had failed");
      });
    }
    return isLast ? this.#publish() : after(this.#copy(), (copy) => copy.#publish());
  }

  /** Another handle goes on writing: what there is now gets the name. */
  #copy(): MaybePromise<Draft> {
    const copy = new Draft(this.#context, this);
    const base = { file: this.#file!, isReadable: true };
    return after(copy.#makeFrom(base, false), () => copy);
  }

  #makeFrom(base: Base, emptied: boolean): MaybePromise<FileHandle> {
    if (!emptied && !base.isReadable) {
      throw new StorageError("failure", "a file that cannot be read can only be written anew");
    }
    const { storage, options } = this.#context;
    return after(this.#makeLike(base.file), (file) => {
      if (emptied) return file;
      const copied = orElse(
        () => copyContent(storage, { from: base.file, to: file, path: this.target, ...options }),
        (failure) =>
          after(this.#discard(true), () => {
            throw failure;
          }),
      );
      return after(copied, () => file);
    });
  }

  #makeLike(replaced: FileHandle): MaybePromise<FileHandle> {
    const made = orElse(() => this.#make({ permissions: 0o600 }), (failure) => {
      if (!isDenied(failure)) throw failure;
      const reason = "its directory takes no new file, so it cannot be replaced in one step";
      throw new StorageError("failure", reason, { cause: failure });
    });
    return after(made, (file) => {
      const { storage, support } = this.#context;
      const done = orElse(
        () => likeReplaced(file, replaced, { storage, support }),
        (failure) =>
          after(this.#discard(true), () => {
            throw failure;
          }),
      );
      return after(done, () => file);
    });
  }

  #make(attrs: FileAttrs, attempts = 1): MaybePromise<FileHandle> {
    const { storage, support, records } = this.#context;
    const directory = parentOf(this.target);
    const path = childOf(directory, newDraftName());
    const options = { ...TO_WRITE, read: true, create: true, exclusive: true, attrs };
    const opened = after(records.note(directory), () => storage.open(path, options));
    return after(opened, (file) =>
      whileOpen(file, () =>
        after(support?.lock(file), (isOurs) => {
          if (isOurs !== false) {
            this.path = path;
            this.#file = file;
            return file;
          }
          if (attempts === MAKING_ATTEMPTS) throw new StorageError("failure", "file is in use");
          return after(file.close(true), () => this.#make(attrs, attempts + 1));
        })));
  }

  #publish(): MaybePromise<void> {
    return orElse(() => this.#published(), (failure) =>
      after(this.#discard(true), () => {
        throw failure;
      }));
  }

  #published(): MaybePromise<void> {
    const { storage, support, options, drafts } = this.#context;
    const file = this.#file!;
    const ready = () => {
      const flushed = after(support?.flush(file), () => {
        if (options.sync) return storage.extensions.fsync!(file);
      });
      return after(flushed, () => this.#ask(file));
    };
    const named = () => {
      return after(this.#rename(), () => {
        this.path = undefined;
        drafts.delete(this);
        // They replace this one now.
        for (const other of drafts.allAt(this.target)) other.name = "taken";
        if (options.sync) return support?.syncDirectory(parentOf(this.target));
      });
    };
    const close = () => {
      this.#file = undefined;
      return file.close(false);
    };
    // A lock is held until the name is right. Without locks, close may still fail before that.
    return support === undefined
      ? after(ready(), () => after(close(), named))
      : after(ready(), () => after(named(), close));
  }

  /**
   * Takes the target's place. Where nothing was when the file was opened, nothing is replaced at
   * first: what has the name now may be a link that led to nothing, and is followed.
   */
  #rename(): MaybePromise<void> {
    const { storage } = this.#context;
    const replace = (target: VirtualPath) => storage.extensions.posixRename!(this.path!, target);
    if (this.name === "taken") return replace(this.target);
    return orElse(() => storage.rename(this.path!, this.target), (failure) => {
      if (this.name === "new" || !(failure instanceof StorageError)) throw failure;
      return after(storage.realPath(this.target), replace);
    });
  }

  /** Asks whether the file may be published. */
  #ask(file: FileHandle): MaybePromise<void> {
    const { storage, options } = this.#context;
    const { beforePublish } = options;
    if (beforePublish === undefined) return;
    const replaces = orElse<boolean>(
      () => after(storage.lstat(this.target), () => true),
      () => false,
    );
    return after(
      replaces,
      (replaces) =>
        after(
          file.stat(),
          ({ size = 0 }) =>
            beforePublish({ path: this.target, draft: this.path, size, replaces }, file),
        ),
    );
  }

  #discard(aborted: boolean): MaybePromise<void> {
    this.#context.drafts.delete(this);
    const file = this.#file ?? this.#base?.file;
    this.#file = undefined;
    this.#base = undefined;
    return after(this.#unlink(), () => file?.close(aborted));
  }

  /** Removes the draft's own name; what cannot be removed is swept later. */
  #unlink(): MaybePromise<void> {
    const { path } = this;
    this.path = undefined;
    if (path === undefined) return;
    return orElse(() => this.#context.storage.remove(path), ignored);
  }
}
