import { after, isPromise, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import { whileOpen } from "../storage/filtered_storage.ts";
import { childOf, parentOf } from "../storage/path.ts";
import type { FileAttrs, FileHandle, VirtualPath } from "../storage/storage.ts";
import { TO_WRITE } from "../storage/to_write.ts";
import { copyContent } from "./copy_content.ts";
import type { Drafts } from "./drafts.ts";
import { ignored, isDenied } from "./failures.ts";
import { KeptTail } from "./kept_tail.ts";
import { newDraftName } from "./reserved_names.ts";
import type { Records } from "./records.ts";
import { type NameState, prepare, type PublishContext, takeName } from "./publish.ts";
import { likeReplaced } from "./resemble.ts";

/** How often to make another draft where a sweep of another session took the new one. */
const MAKING_ATTEMPTS = 8;

/** What all drafts of a session share. */
export interface DraftContext extends PublishContext {
  readonly drafts: Drafts<Draft>;
  readonly records: Records;
}

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
  /** Settles when it has its name, or is refused; never fails. */
  publishing: Promise<void> | undefined;
  readonly #context: DraftContext;
  #base: Base | undefined;
  #file: FileHandle | undefined;
  #tail: KeptTail | undefined;
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

  /** The file to look at. */
  get current(): FileHandle {
    return this.#file ?? this.#base!.file;
  }

  /** The file to read from and to write to, if it is all there. */
  get whole(): FileHandle | undefined {
    return this.#tail === undefined ? this.#file : undefined;
  }

  /** The file to read from. */
  toRead(): MaybePromise<FileHandle> {
    return this.#file === undefined ? this.current : this.toChange();
  }

  /** The file to change in any way, with all of its content. */
  toChange(): MaybePromise<FileHandle> {
    return after(this.#begun(), (file) => after(this.#settle(), () => file));
  }

  /** The file to write to, in one place. */
  toWrite(position: number, length: number): MaybePromise<FileHandle> {
    return after(this.#begun(), (file) => {
      if (this.#tail === undefined) return file;
      if (!this.#tail.yields(position, length)) return this.toChange();
      return this.#tail.isOver() ? this.toChange() : file;
    });
  }

  /** Sets the size. */
  resize(size: number): MaybePromise<void> {
    return after(this.#begun(), (file) => {
      if (this.#tail?.fits(size)) return file.setAttrs({ size });
      if (size > 0 && !this.#tail?.isOver(size)) {
        return after(this.#settle(), () => file.setAttrs({ size }));
      }
      const tail = this.#tail;
      this.#tail = undefined;
      return after(tail?.drop(), () => file.setAttrs({ size }));
    });
  }

  #settle(): MaybePromise<void> {
    return after(this.#tail?.settle(), () => {
      this.#tail = undefined;
    });
  }

  /** The draft itself, made now if this is the first change. */
  #begun(): MaybePromise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const base = this.#base!;
    // Without a name it can be replaced by nothing.
    if (this.#isRemoved) return base.file;
    if (this.#beginning !== undefined) return this.#beginning;
    const begun = this.#makeFrom(base);
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
    const isUnchanged = !hasChanged || this.#file === undefined;
    if (aborted || isUnchanged || this.#isRemoved || this.#isSpoiled) {
      return after(isLast ? this.#discard(aborted) : undefined, () => {
        if (aborted || !this.#isSpoiled) return;
        throw new StorageError("failure", "not published, because a change had failed");
      });
    }
    const published = isLast ? this.#publish() : after(this.#copy(), (copy) => copy.#publish());
    if (isLast && isPromise(published)) this.publishing = published.catch(() => undefined);
    return published;
  }

  /** Another handle goes on writing: what there is now gets the name. */
  #copy(): MaybePromise<Draft> {
    const copy = new Draft(this.#context, this);
    const made = after(
      this.toChange(),
      (from) =>
        after(copy.#makeLike(from), (to) => copy.#orUnmade(() => this.#copied(from, to, 0))),
    );
    return after(made, () => copy);
  }

  /** Makes the draft of a file that is there, with all of it to be kept. */
  #makeFrom({ file: base, isReadable }: Base): MaybePromise<FileHandle> {
    if (!isReadable) {
      throw new StorageError("failure", "a file that cannot be read can only be written anew");
    }
    const sized = (file: FileHandle, size: number) =>
      after(size === 0 ? undefined : file.setAttrs({ size }), () => {
        this.#base = undefined;
        this.#tail = new KeptTail(base, size, (at) => this.#copied(base, file, at));
        return file;
      });
    return after(
      this.#makeLike(base),
      (file) => this.#orUnmade(() => after(base.stat(), ({ size = 0 }) => sized(file, size))),
    );
  }

  #copied(from: FileHandle, to: FileHandle, at: number): MaybePromise<void> {
    const { storage, options: { log } } = this.#context;
    return copyContent(storage, { from, to, at, path: this.target, log });
  }

  #makeLike(replaced: FileHandle): MaybePromise<FileHandle> {
    const made = orElse(() => this.#make({ permissions: 0o600 }), (failure) => {
      if (!isDenied(failure)) throw failure;
      const reason = "its directory takes no new file, so it cannot be replaced in one step";
      throw new StorageError("failure", reason, { cause: failure });
    });
    return after(made, (file) =>
      after(
        this.#orUnmade(() => likeReplaced(file, replaced, this.#context.support)),
        () => file,
      ));
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
    return orElse(
      () => after(this.toChange(), (file) => this.#published(file)),
      (failure) =>
        after(this.#discard(true), () => {
          throw failure;
        }),
    );
  }

  #published(file: FileHandle): MaybePromise<void> {
    const { support, options, drafts } = this.#context;
    const finished = { file, path: this.path!, target: this.target, name: this.name };
    const named = () =>
      after(takeName(finished, this.#context), () => {
        this.path = undefined;
        drafts.delete(this);
        // They replace this one now.
        for (const other of drafts.allAt(this.target)) other.name = "any";
        if (options.sync) return support?.syncDirectory(parentOf(this.target));
      });
    const close = () => {
      this.#file = undefined;
      return file.close(false);
    };
    // A lock is held until the name is right. Without locks, close may still fail before that.
    const [one, two] = support === undefined ? [close, named] : [named, close];
    return after(prepare(finished, this.#context), () => after(one(), two));
  }

  /** Returns what `work` returns. If it fails, removes the draft. */
  #orUnmade<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    return orElse(work, (failure) =>
      after(this.#unmake(true), () => {
        throw failure;
      }));
  }

  #unmake(aborted: boolean): MaybePromise<void> {
    const file = this.#file;
    this.#file = undefined;
    return after(this.#unlink(), () => file?.close(aborted));
  }

  #discard(aborted: boolean): MaybePromise<void> {
    this.#context.drafts.delete(this);
    const base = this.#base?.file;
    const tail = this.#tail;
    this.#base = undefined;
    this.#tail = undefined;
    return after(
      this.#unmake(aborted),
      () => after(tail?.drop(), () => base?.close(aborted)),
    );
  }

  /** Removes the draft's own name; what cannot be removed is swept later. */
  #unlink(): MaybePromise<void> {
    const { path } = this;
    this.path = undefined;
    if (path === undefined) return;
    return orElse(() => this.#context.storage.remove(path), ignored);
  }
}
