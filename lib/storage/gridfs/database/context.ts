import type { Bucket } from "./bucket.ts";
import type { Journal } from "./journal.ts";
import type { Tree } from "../tree/tree.ts";

/** What code that publishes, renames and removes versions works on. */
export interface GridFsContext {
  readonly bucket: Bucket;
  readonly journal: Journal;
  readonly tree: Tree;
}
