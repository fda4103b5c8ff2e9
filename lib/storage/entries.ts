import { isPromise } from "../maybe_promise.ts";
import type { DirEntry, DirHandle, MaybePromise } from "./storage.ts";

/**
 * Takes the next entries of a directory, without some of them. None at all
 * would mean the end, so where none is left, more are taken.
 *
 * @param shown Leaves some out.
 */
export function nextShown(
  dir: DirHandle,
  limit: number,
  shown: (entries: readonly DirEntry[]) => readonly DirEntry[],
): MaybePromise<readonly DirEntry[]> {
  for (;;) {
    const entries = dir.next(limit);
    if (isPromise(entries)) {
      return entries.then((entries) => {
        const left = shown(entries);
        return left.length > 0 || entries.length === 0 ? left : nextShown(dir, limit, shown);
      });
    }
    const left = shown(entries);
    if (left.length > 0 || entries.length === 0) return left;
  }
}
