import type { Machine } from "./machine.ts";
import type { Samples } from "./samples.ts";

/** A contestant, as a report names it. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** All that a run gave; `--json` prints it. */
export interface Report {
  readonly machine: Machine;
  readonly settings: {
    readonly rounds: number;
    /** MiB of the file that is read and written. */
    readonly size: number;
    /** Whether the file was in memory; figures of a disk say little about a server. */
    readonly inMemory: boolean;
  };
  readonly contestants: readonly Named[];
  readonly samples: Samples;
  /** What is not as it should be. */
  readonly notes: readonly string[];
}
