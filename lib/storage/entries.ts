import { after, repeat } from "../async/maybe_promise.ts";
import type { Checkpoint, DirEntry, DirHandle, MaybePromise } from "./storage.ts";

/** How to go on to what is shown; see {@linkcode nextShown}. */
export interface ShownOptions {
  readonly limit: number;
  /** Leaves some out. */
  readonly shown: (entries: readonly DirEntry[]) => readonly DirEntry[];
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Takes the next entries of a directory, without some of them. None at all
 * would mean the end, so where none is left, more are taken.
 */
export function nextShown(
  dir: DirHandle,
  { limit, shown, checkpoint }: ShownOptions,
): MaybePromise<readonly DirEntry[]> {
  let left: readonly DirEntry[] = [];
  const taken = repeat(() =>
    after(dir.next(limit, checkpoint), (entries) => {
      left = shown(entries);
      if (left.length > 0 || entries.length === 0) return false;
      return after(checkpoint?.(), () => true);
    })
  );
  return after(taken, () => left);
}
