import { after, inTurn, type MaybePromise } from "../async/maybe_promise.ts";
import { nextShown } from "../storage/entries.ts";
import { childOf } from "../storage/path.ts";
import type {
  Checkpoint,
  DirEntry,
  DirHandle,
  FileAttrs,
  VirtualPath,
} from "../storage/storage.ts";
import type { DraftContext } from "./draft.ts";
import { isDraftName, isReservedName } from "./reserved_names.ts";
import { sweepDrafts } from "./sweep.ts";

/** A directory as the session sees it: with what it is writing, and without drafts. */
export function openVisible(
  dir: DirHandle,
  path: VirtualPath,
  context: DraftContext,
): MaybePromise<DirHandle> {
  const { drafts, storage } = context;
  if (drafts.isEmpty) return new VisibleDir(dir, path, context, new Map());
  return after(storage.realPath(path), (real) => {
    const written = new Map<string, FileAttrs>();
    const looked = inTurn([...drafts.in(real)], ([name, draft]) => {
      if (draft.path === undefined) return;
      return after(draft.current.stat(), (attrs) => void written.set(name, attrs));
    });
    return after(looked, () => new VisibleDir(dir, path, context, written));
  });
}

class VisibleDir implements DirHandle {
  readonly #dir: DirHandle;
  readonly #path: VirtualPath;
  readonly #context: DraftContext;
  /** What the session is writing here, and has not been listed. */
  readonly #written: Map<string, FileAttrs>;
  readonly #met: string[] = [];

  constructor(
    dir: DirHandle,
    path: VirtualPath,
    context: DraftContext,
    written: Map<string, FileAttrs>,
  ) {
    this.#dir = dir;
    this.#path = path;
    this.#context = context;
    this.#written = written;
  }

  next(limit: number, checkpoint?: Checkpoint): MaybePromise<readonly DirEntry[]> {
    const entries = nextShown(this.#dir, {
      limit,
      shown: (entries) => entries.filter(({ name }) => this.#isShown(name)),
      checkpoint,
    });
    return after(entries, (entries) => {
      if (this.#written.size === 0) return entries;
      return entries.length > 0 ? entries.map((entry) => this.#asWritten(entry)) : this.#rest();
    });
  }

  close(): MaybePromise<void> {
    return after(this.#dir.close(), () => {
      const paths = this.#met.map((name) => childOf(this.#path, name));
      return sweepDrafts(paths, this.#context);
    });
  }

  #isShown(name: string): boolean {
    if (!isReservedName(name)) return true;
    if (isDraftName(name)) this.#met.push(name);
    return false;
  }

  #asWritten(entry: DirEntry): DirEntry {
    const attrs = this.#written.get(entry.name);
    if (attrs === undefined) return entry;
    this.#written.delete(entry.name);
    const { name, owner, group } = entry;
    return { name, attrs, owner, group };
  }

  /** Files that are new. */
  #rest(): DirEntry[] {
    const rest = [...this.#written].map(([name, attrs]) => ({ name, attrs }));
    this.#written.clear();
    return rest;
  }
}
