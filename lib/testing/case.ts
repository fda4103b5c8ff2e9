import type { StorageExtensions } from "../storage/storage.ts";
import type { Subject } from "./subject.ts";
import type { Tree } from "./tree.ts";

/** What some storages do not do at all, whatever the path; a skip may name it. */
export type Ability = "writing" | "links";

/** What a storage may leave out, so that a test of it is left out too. */
export type Need = keyof StorageExtensions | "resolvesParents" | Ability;

/** One test. */
export interface Case {
  /** A sentence. */
  readonly name: string;
  readonly needs?: readonly Need[];
  /** What is there before; a test that has no tree begins with nothing, and writes. */
  readonly tree?: Tree;
  /** Runs on a storage that holds the tree. */
  run(subject: Subject): Promise<void>;
}

/** Tests that a storage may skip together. */
export interface Group {
  readonly name: string;
  readonly needs?: readonly Need[];
  /** The group runs only where that one is skipped: a group or an ability. */
  readonly insteadOf?: string;
  readonly cases: readonly Case[];
}
