import type { BenchOptions, Defaults } from "./options.ts";

/** Figures by metric, then by contestant, then by round. */
export type Samples = Record<string, Record<string, number[]>>;

/** One figure, by what it tells: its unit is empty where it is a plain number. */
export interface Metric {
  readonly id: string;
  readonly name: string;
  readonly unit: string;
  /** Decimals to show. */
  readonly digits: number;
}

/** What a figure of a contestant has to reach. */
export interface Bar {
  readonly metric: string;
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

export interface Measured {
  readonly contestants: readonly { readonly id: string; readonly name: string }[];
  /** In the order of the table. */
  readonly metrics: readonly Metric[];
  readonly samples: Samples;
  /** What is not as it should be, and what else there is to say. */
  readonly notes: readonly string[];
}
