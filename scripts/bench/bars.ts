/**
 * What the program is held to, as data.
 *
 * @module
 */

import { REFERENCE } from "./contestants.ts";
import { GROWTH_STAGES } from "./growth.ts";
import { METRICS } from "./metrics.ts";
import { figuresOf, type Samples } from "./samples.ts";
import { summarize, summarizeRatios } from "./statistics.ts";

/** One thing to be held to. */
export interface Bar {
  readonly metric: string;
  /** Whose figure counts. */
  readonly id: string;
  /** Whose figures it is divided by, pair by pair; absent where the figure itself counts. */
  readonly against?: string;
  /** Which of several figures counts; the median where absent. */
  readonly statistic?: "min" | "max";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Whether a bar is met. */
export interface Verdict {
  readonly bar: Bar;
  /** What was measured; undefined where nothing was. */
  readonly value: number | undefined;
  readonly met: boolean;
}

/** Work and the least ratio to OpenSSH, for both roots. */
const RATIOS: Readonly<Record<string, { readonly kernel: number; readonly portable: number }>> = {
  r32: { kernel: 1.5, portable: 1 },
  r255: { kernel: 1.2, portable: 1 },
  w32: { kernel: 1.1, portable: 1 },
  w255: { kernel: 1.2, portable: 1 },
  s1: { kernel: 1, portable: 1 },
  sp: { kernel: 1.6, portable: 1 },
  oc: { kernel: 1.1, portable: 0.7 },
  rd: { kernel: 1.3, portable: 0.7 },
};

/** All of them. */
export const BARS: readonly Bar[] = [
  ...(["kernel", "portable"] as const).flatMap((id) =>
    Object.entries(RATIOS).map(([metric, least]) => ({
      metric,
      id,
      against: REFERENCE,
      atLeast: least[id],
    }))
  ),
  { metric: "cpu-r32", id: "kernel", against: REFERENCE, atMost: 1 },
  { metric: "cpu-r255", id: "kernel", against: REFERENCE, atMost: 1 },
  { metric: "start", id: "kernel", against: "hello", atMost: 1.3 },
  { metric: "start", id: "kernel", atMost: 45 },
  { metric: "peak", id: "kernel", statistic: "max", atMost: 80 },
  { metric: "idle", id: "kernel", statistic: "max", atMost: 25 },
  ...GROWTH_STAGES.map((stage) => ({ metric: `growth-${stage}`, id: "kernel", atLeast: 0.9 })),
  { metric: "growth-peak", id: "kernel", atMost: 1.1 },
  { metric: "sshd-get", id: "kernel", against: REFERENCE, atLeast: 0.97 },
  { metric: "sshd-put", id: "kernel", against: REFERENCE, atLeast: 0.97 },
];

/** Holds what was measured against the bars. */
export function judge(samples: Samples, bars: readonly Bar[] = BARS): readonly Verdict[] {
  return bars.map((bar) => {
    const { metric, id, against, statistic = "median", atLeast, atMost } = bar;
    const figures = figuresOf(samples, metric, id);
    const summary = against === undefined
      ? summarize(figures)
      : summarizeRatios(figures, figuresOf(samples, metric, against));
    const value = summary?.[statistic];
    const met = value !== undefined && value >= (atLeast ?? -Infinity) &&
      value <= (atMost ?? Infinity);
    return { bar, value, met };
  });
}

/** A verdict as a line of text. */
export function verdictLine({ bar, value, met }: Verdict): string {
  const { id, against, atLeast, atMost } = bar;
  const metric = METRICS.find((one) => one.id === bar.metric);
  const unit = against === undefined ? ` ${metric?.unit ?? ""}`.trimEnd() : ` of ${against}`;
  const wanted = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  const found = value === undefined ? "not measured" : `${value.toFixed(2)}${unit}`;
  const mark = (met ? "met" : "MISSED").padEnd(6);
  return `${mark} ${id.padEnd(8)} ${metric?.name ?? bar.metric}: ${found} (${wanted})`;
}
