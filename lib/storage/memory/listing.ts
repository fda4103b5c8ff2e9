import type { DirEntry, DirHandle } from "../storage.ts";
import type { DirectoryNode, TreeNode } from "./node.ts";

/** Names of owners by number; a number may have none. */
export interface OwnerTables {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

/**
 * An open directory. It shows each entry as it is at the time it is read: an
 * entry removed before that is not shown, and one added may be.
 */
export class Listing implements DirHandle {
  readonly #entries: Iterator<DirEntry>;

  /** Starts with `.` and `..`. */
  constructor(directory: DirectoryNode, owners: OwnerTables) {
    this.#entries = entriesOf(directory, owners);
  }

  /** The next entries, at most `limit`. */
  next(limit: number): readonly DirEntry[] {
    const entries: DirEntry[] = [];
    while (entries.length < limit) {
      const entry = this.#entries.next();
      if (entry.done === true) break;
      entries.push(entry.value);
    }
    return entries;
  }

  /** Ends the listing. */
  close(): void {
    this.#entries.return?.();
  }
}

function* entriesOf(directory: DirectoryNode, owners: OwnerTables): Generator<DirEntry> {
  yield entryOf(".", directory, owners);
  yield entryOf("..", directory.parent, owners);
  // A Map's iterator is live: it skips removed entries and reaches added ones.
  for (const [name, node] of directory.entries) yield entryOf(name, node, owners);
}

function entryOf(name: string, node: TreeNode, { users, groups }: OwnerTables): DirEntry {
  return {
    name,
    attrs: node.attrs,
    links: node.links,
    owner: users.get(node.uid),
    group: groups.get(node.gid),
  };
}
