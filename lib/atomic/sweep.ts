import { after, inTurn, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import { TO_WRITE } from "../storage/to_write.ts";
import type { VirtualPath } from "../storage/storage.ts";
import type { DraftContext } from "./draft.ts";

/** Without locks, a draft that has not been written to for so long is dead. */
const DEAD_AFTER_S = 24 * 60 * 60;

/** Removes those drafts whose sessions are dead; what cannot be removed stays. */
export function sweepDrafts(
  paths: readonly VirtualPath[],
  context: DraftContext,
): MaybePromise<void> {
  return inTurn(paths, (path) => orElse(() => sweepDraft(path, context), ignored));
}

function sweepDraft(path: VirtualPath, context: DraftContext): MaybePromise<void> {
  const { storage, support } = context;
  if (support === undefined) return sweepByAge(path, context);
  return after(storage.open(path, TO_WRITE), (file) => {
    const swept = orElse(() =>
      after(support.lock(file), (isOurs) => {
        if (isOurs === undefined) return sweepByAge(path, context);
        if (isOurs) return storage.remove(path);
      }), ignored);
    return after(swept, () => file.close(false));
  });
}

function sweepByAge(path: VirtualPath, { storage, drafts }: DraftContext): MaybePromise<void> {
  if (drafts.hasPath(path)) return;
  return after(storage.lstat(path), ({ mtime }) => {
    const isDead = mtime !== undefined && Date.now() / 1000 - mtime > DEAD_AFTER_S;
    if (isDead) return storage.remove(path);
  });
}

/** Another session may have been first, or the draft may be another user's. */
function ignored(failure: unknown): void {
  if (!(failure instanceof StorageError)) throw failure;
}
