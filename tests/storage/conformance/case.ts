import type { StorageExtensions } from "../../../lib/storage/storage.ts";
import type { Subject } from "./subject.ts";

/** What a storage may leave out, so that a test of it is left out too. */
export type Need = keyof StorageExtensions | "resolvesParents";

/** One test. */
export interface Case {
  /** A sentence. */
  readonly name: string;
  readonly needs?: readonly Need[];
  /** Runs on an empty storage. */
  run(subject: Subject): Promise<void>;
}

/** Tests that a storage may skip together. */
export interface Group {
  readonly name: string;
  readonly needs?: readonly Need[];
  /** The group runs only where that one is skipped. */
  readonly insteadOf?: string;
  readonly cases: readonly Case[];
}
