import { after, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import type { DraftSupport, FileHandle, Storage, VirtualPath } from "../storage/storage.ts";
import { ifNotFound } from "./failures.ts";
import type { AtomicOptions } from "./options.ts";

/** Whether the target's name must be new, or what has it is replaced. */
export type NameState = "new" | "any";

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
 * Takes the target's place. Where nothing was when the file was opened, and something is now,
 * another session was faster: the last one wins.
 */
export function takeName(
  { path, target, name }: Finished,
  { storage }: PublishContext,
): MaybePromise<void> {
  if (name === "new") return storage.rename(path, target);
  return storage.extensions.posixRename!(path, target);
}
