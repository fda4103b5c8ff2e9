import type { VirtualPath } from "../storage/storage.ts";

/** The kinds of entries that a session can make. */
export type CreatedKind = "file" | "directory" | "link";

/** A name, what the session has made under it, and the names below. */
interface Node {
  /** Absent if the session has made only something below. */
  kind?: CreatedKind | undefined;
  below?: Map<string, Node> | undefined;
}

/**
 * The names of the files and directories that a session has made, kept up to date through its own
 * renames. Paths contain no links. What another process does to the tree meanwhile is not seen
 * here.
 *
 * The names are a tree: each operation costs as much as the path is deep, no matter how many names
 * there are.
 */
export class CreatedEntries {
  readonly #root: Node = {};

  /** Whether the session has made the entry at `path`. */
  has(path: VirtualPath): boolean {
    return this.#at(path)?.kind !== undefined;
  }

  /** Whether the session has made the file at `path`. */
  isFile(path: VirtualPath): boolean {
    return this.#at(path)?.kind === "file";
  }

  /** Adds what the session has just made there; what it had there before is forgotten. */
  add(path: VirtualPath, kind: CreatedKind): void {
    this.#put(path, { kind });
  }

  /** Drops a path with everything below it. */
  forget(path: VirtualPath): void {
    this.#take(path);
  }

  /** Follows a rename, whether or not the session has made what is renamed. */
  move(from: VirtualPath, to: VirtualPath): void {
    if (from === to) return;
    const moved = this.#take(from);
    if (moved === undefined) this.#take(to);
    else this.#put(to, moved);
  }

  #at(path: VirtualPath): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of segmentsOf(path)) {
      node = node.below?.get(name);
      if (node === undefined) return undefined;
    }
    return node;
  }

  #put(path: VirtualPath, { kind, below }: Node): void {
    let node = this.#root;
    for (const name of segmentsOf(path)) {
      node.below ??= new Map();
      let next = node.below.get(name);
      if (next === undefined) node.below.set(name, next = {});
      node = next;
    }
    node.kind = kind;
    node.below = below;
  }

  /**
   * Removes a path from the tree, and with it each folder on the way that then holds no
   * information.
   */
  #take(path: VirtualPath): Node | undefined {
    let node = this.#root;
    let branch: { readonly of: Map<string, Node>; readonly name: string } | undefined;
    for (const name of segmentsOf(path)) {
      const next = node.below?.get(name);
      if (node.below === undefined || next === undefined) return undefined;
      const isNeeded = branch === undefined || node.kind !== undefined || node.below.size > 1;
      if (isNeeded) branch = { of: node.below, name };
      node = next;
    }
    const taken: Node = { ...node };
    branch?.of.delete(branch.name);
    return taken;
  }
}

function segmentsOf(path: VirtualPath): readonly string[] {
  return path.split("/").filter((name) => name !== "");
}
