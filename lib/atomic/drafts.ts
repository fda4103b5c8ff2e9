import { nameOf, parentOf } from "../storage/path.ts";
import type { VirtualPath } from "../storage/storage.ts";

/** Where a draft is, and will be. */
export interface DraftPlace {
  /** The path of the file that it will be. */
  target: VirtualPath;
  /** Its own name; undefined while it has none. */
  path: VirtualPath | undefined;
  /** Settles when it has its name, or is refused; never fails. */
  readonly publishing: Promise<void> | undefined;
}

/**
 * What a session is writing, by the path of the file that it will be; kept up to date through the
 * session's own renames. Paths have no links.
 */
export class Drafts<D extends DraftPlace> {
  readonly #byTarget = new Map<VirtualPath, D[]>();

  /** Whether the session is writing nothing. */
  get isEmpty(): boolean {
    return this.#byTarget.size === 0;
  }

  add(draft: D): void {
    const others = this.#byTarget.get(draft.target);
    if (others === undefined) this.#byTarget.set(draft.target, [draft]);
    else others.push(draft);
  }

  delete(draft: D): void {
    const rest = this.allAt(draft.target).filter((other) => other !== draft);
    if (rest.length > 0) this.#byTarget.set(draft.target, rest);
    else this.#byTarget.delete(draft.target);
  }

  /** What was opened last for a target. */
  at(target: VirtualPath): D | undefined {
    return this.#byTarget.get(target)?.at(-1);
  }

  allAt(target: VirtualPath): readonly D[] {
    return this.#byTarget.get(target) ?? [];
  }

  all(): readonly D[] {
    return [...this.#byTarget.values()].flat();
  }

  /** Whether a draft of this session has this name of its own. */
  hasPath(path: VirtualPath): boolean {
    return this.all().some((draft) => draft.path === path);
  }

  /** What settles when a draft at this path, or in this directory, is published or refused. */
  publishingAt(path: VirtualPath): Promise<void> | undefined {
    for (const [target, drafts] of this.#byTarget) {
      if (target !== path && !target.startsWith(`${path}/`)) continue;
      const found = drafts.find((draft) => draft.publishing !== undefined);
      if (found !== undefined) return found.publishing;
    }
    return undefined;
  }

  /** The drafts in a directory, by name. */
  *in(directory: VirtualPath): Iterable<[name: string, draft: D]> {
    for (const target of this.#byTarget.keys()) {
      if (parentOf(target) === directory) yield [nameOf(target), this.at(target)!];
    }
  }

  /** Follows a rename of a file, or of a directory with everything below it. */
  move(from: VirtualPath, to: VirtualPath): void {
    const moved = (path: VirtualPath) =>
      path === from ? to : path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
    const all = this.all();
    this.#byTarget.clear();
    for (const draft of all) {
      draft.target = moved(draft.target);
      if (draft.path !== undefined) draft.path = moved(draft.path);
      this.add(draft);
    }
  }
}
