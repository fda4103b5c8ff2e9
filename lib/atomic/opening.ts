/**
 * How a file is opened that may be written: what is there, and which draft it becomes.
 *
 * @module
 */

import { after, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { errorOf } from "../storage/errno.ts";
import { FilteredFile, whileOpen } from "../storage/filtered_storage.ts";
import type { OpenOptions, VirtualPath } from "../storage/storage.ts";
import { type Base, Draft, type DraftContext, type DraftPlan } from "./draft.ts";
import { DraftFile } from "./draft_file.ts";
import { ifNotFound, isDenied, isNotFound } from "./failures.ts";

/** What is opened, and where. */
export interface Opening {
  readonly context: DraftContext;
  readonly path: VirtualPath;
  readonly options: OpenOptions;
  /** The path of the entry itself, without links on the way there. */
  entryPath(): MaybePromise<VirtualPath>;
}

/** Opens what is there, or makes it. */
export function openExisting(opening: Opening): MaybePromise<FilteredFile> {
  const { context: { storage }, path, options } = opening;
  return after(openBase(opening), (base) => {
    if (base === undefined) return openNew(opening);
    if (!options.write && !options.truncate) return new FilteredFile(base.file);
    return whileOpen(base.file, () =>
      after(storage.realPath(path), (target) => {
        const plan: DraftPlan = { target, name: "any" };
        if (options.truncate) return openAnew(opening, plan, base);
        return handleOn(Draft.unchanged(opening.context, plan, base), opening, false);
      }));
  });
}

/** A second version of a file that is being written already. */
export function openAgain(opening: Opening, draft: Draft): MaybePromise<FilteredFile> {
  const anew = Draft.ofReplaced(opening.context, draft, draft.current);
  return after(anew, (anew) => handleOn(anew, opening, true));
}

/** Another handle on a file that is being written. */
export function join(draft: Draft, options: OpenOptions): FilteredFile {
  return new DraftFile(draft, options, false);
}

function openAnew(opening: Opening, plan: DraftPlan, { file }: Base): MaybePromise<FilteredFile> {
  return after(
    Draft.ofReplaced(opening.context, plan, file),
    (draft) => after(file.close(false), () => handleOn(draft, opening, true)),
  );
}

/** Makes a file that does not exist. */
export function openNew(opening: Opening): MaybePromise<FilteredFile> {
  const { context, options } = opening;
  return after(newTarget(opening), (target) => {
    const plan: DraftPlan = { target, name: options.exclusive ? "new" : "any" };
    return after(
      Draft.ofNew(context, plan, options.attrs),
      (draft) => handleOn(draft, opening, true),
    );
  });
}

/** The path for a new file; a link that leads to nothing is followed, unless it must be new. */
function newTarget({ context, path, options, entryPath }: Opening): MaybePromise<VirtualPath> {
  const { storage } = context;
  const isLink = orElse(
    () => after(storage.lstat(path), () => true),
    (failure) => ifNotFound(failure, false),
  );
  return after(isLink, (isLink) => {
    if (!isLink) return entryPath();
    if (options.exclusive) throw errorOf("EEXIST");
    return storage.realPath(path);
  });
}

/** Opens what is there, as the client may use it; nothing if it may be made. */
function openBase({ context, path, options }: Opening): MaybePromise<Base | undefined> {
  const { create, truncate } = options;
  const write = options.write || truncate;
  // To continue a file means to copy it, for which it is read; one that is only written may be not
  // readable.
  const read = options.read || !truncate;
  const open = (read: boolean) =>
    after(
      context.storage.open(path, {
        ...options,
        ...{ read, write, append: false, create: false, truncate: false },
      }),
      (file): Base => ({ file, isReadable: read }),
    );
  return orElse<Base | undefined>(() => open(read), (failure) => {
    if (create && isNotFound(failure)) return undefined;
    if (options.read || !read || !isDenied(failure)) throw failure;
    return open(false);
  });
}

function handleOn(draft: Draft, opening: Opening, hasChanged: boolean): FilteredFile {
  opening.context.drafts.add(draft);
  return new DraftFile(draft, opening.options, hasChanged);
}
