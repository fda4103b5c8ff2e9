import type { BenchOptions, Defaults } from "./options.ts";
import type { Samples } from "./samples.ts";

/** One figure, by what it tells. */
export interface Metric {
  /** As in the samples. */
  readonly id: string;
  /** For the first column of a table. */
  readonly name: string;
  /** Empty where the figure is a plain number. */
  readonly unit: string;
  /** Decimals to show. */
  readonly digits: number;
}

/** What a figure has to reach. */
export interface Bar {
  readonly metric: string;
  /** The contestant. */
  readonly id: string;
  /** The contestant whose figures it is divided by, pair by pair; absent for the figure itself. */
  readonly against?: string;
  /** Which of several figures counts; the median where absent. */
  readonly statistic?: "min" | "max";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** What can be measured: the jail, the proxy and so on. */
export interface Subject {
  /** One sentence for the help. */
  readonly about: string;
  readonly defaults: Defaults;
  /** Ids for `--stages`. */
  readonly stages: readonly string[];
  /** Ids for `--only`. In a table, the others are divided by the first. */
  readonly contestants: readonly string[];
  readonly bars: readonly Bar[];
  /**
   * Measures what was asked for, and leaves neither files nor processes.
   *
   * @throws {RangeError} If there is no place for it.
   */
  measure(options: BenchOptions): Promise<Measured>;
}

/** What was measured. */
export interface Measured {
  readonly contestants: readonly { readonly id: string; readonly name: string }[];
  /** In the order of the table. */
  readonly metrics: readonly Metric[];
  readonly samples: Samples;
  /** What is not as it should be, and what else there is to say. */
  readonly notes: readonly string[];
}

/** All that a run gave; `--json` prints it. */
export interface Report extends Measured {
  /** Names the machine and what is installed on it. */
  readonly machine: string;
  /** `2026-01-31` */
  readonly date: string;
  /** The contestant that the others are divided by. */
  readonly reference: string;
  readonly rounds: number;
  readonly size: number;
}
