import { after, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type { DraftSupport, FileHandle, Storage, VirtualPath } from "../storage/storage.ts";
import { ifNotFound } from "./failures.ts";
import type { AtomicOptions } from "./options.ts";

/**
 * The target's name: something has it; nothing had it when the file was opened; or it must be new,
 * so that nothing is replaced.
 */
export type NameState = "taken" | "free" | "new";

/** A draft that is complete. */
export interface Finished {
  readonly file: FileHandle;
  /** Its own name. */
  readonly path: VirtualPath;
  readonly target: VirtualPath;
  readonly name: NameState;
}

/** What publishing needs of a session. */
export interface PublishContext {
  readonly storage: Storage;
  readonly support: DraftSupport | undefined;
  readonly options: AtomicOptions;
}

/** Makes sure that all of it is there, and that it may be published. */
export function prepare(finished: Finished, context: PublishContext): MaybePromise<void> {
  const { storage, support, options: { sync, beforePublish } } = context;
  const { file, path, target } = finished;
  const flushed = after(support?.flush(file), () => {
    if (sync) return storage.extensions.fsync!(file);
  });
  if (beforePublish === undefined) return flushed;
  const replaces = () =>
    orElse(() => after(storage.lstat(target), () => true), (failure) => ifNotFound(failure, false));
  return after(flushed, () =>
    after(replaces(), (replaces) =>
      after(
        file.stat(),
        ({ size = 0 }) => beforePublish({ path: target, draft: path, size, replaces }, file),
      )));
}

/**
 * Takes the target's place. Where nothing was when the file was opened, nothing is replaced at
 * first: what has the name now may be a link that led to nothing, and is followed.
 */
export function takeName(
  { path, target, name }: Finished,
  { storage }: PublishContext,
): MaybePromise<void> {
  const replace = (target: VirtualPath) => storage.extensions.posixRename!(path, target);
  if (name === "taken") return replace(target);
  return orElse(() => storage.rename(path, target), (failure) => {
    if (name === "new" || !(failure instanceof StorageError)) throw failure;
    return after(storage.realPath(target), replace);
  });
}
