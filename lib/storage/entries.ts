import { after, repeat } from "../async/maybe_promise.ts";
import type { Checkpoint, DirEntry, DirHandle, MaybePromise } from "./storage.ts";

/** What to take and what to leave out; see {@linkcode nextShown}. */
export interface ShownOptions {
  readonly limit: number;
  /** Returns the entries that the client may see. */
  readonly shown: (entries: readonly DirEntry[]) => readonly DirEntry[];
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Takes the next entries of a directory, without those that are not shown. An
 * empty answer would mean the end, so if none is left, it takes more.
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
