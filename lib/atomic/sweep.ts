import { after, inTurn, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { TO_WRITE } from "../storage/to_write.ts";
import { ignored } from "./failures.ts";
import type { DraftSupport, FileHandle, Storage, VirtualPath } from "../storage/storage.ts";

/** Without locks, a draft that has not been written to for so long is dead. */
const DEAD_AFTER_S = 24 * 60 * 60;

/** What a sweep knows of its session. */
export interface SweepContext {
  readonly storage: Storage;
  readonly support: DraftSupport | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly drafts: { hasPath(path: VirtualPath): boolean };
}

/** Removes those drafts whose sessions are dead; what cannot be removed stays. */
export function sweepDrafts(
  paths: readonly VirtualPath[],
  context: SweepContext,
): MaybePromise<void> {
  return inTurn(paths, (path) => orElse(() => sweepDraft(path, context), ignored));
}

/** Whether the session that has made a file is dead; then the file is locked, if it can be. */
export function isDead(
  file: FileHandle,
  path: VirtualPath,
  context: SweepContext,
): MaybePromise<boolean> {
  return after(context.support?.lock(file), (isOurs) => isOurs ?? isOld(file, path, context));
}

function sweepDraft(path: VirtualPath, context: SweepContext): MaybePromise<void> {
  const { storage } = context;
  return after(storage.open(path, TO_WRITE), (file) => {
    const swept = orElse(
      () => after(isDead(file, path, context), (dead) => dead ? storage.remove(path) : undefined),
      ignored,
    );
    return after(swept, () => file.close(false));
  });
}

function isOld(
  file: FileHandle,
  path: VirtualPath,
  { drafts }: SweepContext,
): MaybePromise<boolean> {
  if (drafts.hasPath(path)) return false;
  return after(
    file.stat(),
    ({ mtime }) => mtime !== undefined && Date.now() / 1000 - mtime > DEAD_AFTER_S,
  );
}
