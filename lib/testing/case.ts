import type { StorageExtensions } from "../storage/storage.ts";
import type { Subject } from "./subject.ts";
import type { Tree } from "./tree.ts";

/** What some storages cannot do at all, on any path; a skip may name it. */
export type Ability = "writing" | "links";

/** What a storage may leave out, so that tests of it are left out too. */
export type Need = keyof StorageExtensions | "resolvesParents" | Ability;

/** One test, on a storage that holds the tree. */
export interface Case {
  readonly needs?: readonly Need[];
  /** What exists before the test; a test without a tree begins with nothing, and writes. */
  readonly tree?: Tree;
  run(subject: Subject): Promise<void>;
}

/** Tests that a storage may skip together. */
export interface Group {
  readonly name: string;
  readonly needs?: readonly Need[];
  /** The group runs only if this one is skipped: a group or an ability. */
  readonly insteadOf?: string;
  /** By their names, which are sentences. */
  readonly cases: Readonly<Record<string, Case | Case["run"]>>;
}
