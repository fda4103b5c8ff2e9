import type { VirtualPath } from "../storage/storage.ts";

/**
 * The names under which a session has made files and directories, through its
 * own renames. Paths are without links. What somebody else does to the tree
 * meanwhile is not seen here.
 */
export class OwnNames {
  readonly #kinds = new Map<VirtualPath, "file" | "directory">();

  /** Whether the session has made what is there. */
  has(path: VirtualPath): boolean {
    return this.#kinds.has(path);
  }

  /** Whether the session has made the file that is there. */
  isFile(path: VirtualPath): boolean {
    return this.#kinds.get(path) === "file";
  }

  /** Takes what the session has just made there; nothing of before counts there any more. */
  add(path: VirtualPath, kind: "file" | "directory"): void {
    this.forget(path);
    this.#kinds.set(path, kind);
  }

  /** Drops a path with everything below it. */
  forget(path: VirtualPath): void {
    for (const own of this.#within(path)) this.#kinds.delete(own);
  }

  /** Follows a rename, of what is the session's own as of what is not. */
  move(from: VirtualPath, to: VirtualPath): void {
    if (from === to) return;
    const moved = this.#within(from).map((own) => [own, this.#kinds.get(own)!] as const);
    this.forget(to);
    this.forget(from);
    for (const [own, kind] of moved) this.#kinds.set(to + own.slice(from.length), kind);
  }

  #within(path: VirtualPath): VirtualPath[] {
    const below = path + "/";
    return [...this.#kinds.keys()].filter((own) => own === path || own.startsWith(below));
  }
}
