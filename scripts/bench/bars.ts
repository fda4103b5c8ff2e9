import type { Bar, Measured } from "./subject.ts";
import { figuresOf, summarize, summarizeRatios } from "./samples.ts";

/** Whether a bar is met. */
export interface Verdict {
  readonly bar: Bar;
  /** What was measured; undefined where nothing was. */
  readonly value: number | undefined;
  readonly met: boolean;
}

/** Compares what was measured with the bars. A bar without a figure is not met. */
export function judge(
  { samples }: Pick<Measured, "samples">,
  bars: readonly Bar[],
): readonly Verdict[] {
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
export function verdictLine(
  { bar, value, met }: Verdict,
  { metrics }: Pick<Measured, "metrics">,
): string {
  const { id, against, atLeast, atMost } = bar;
  const metric = metrics.find((one) => one.id === bar.metric);
  const unit = against === undefined ? ` ${metric?.unit ?? ""}`.trimEnd() : ` of ${against}`;
  const wanted = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  const found = value === undefined ? "not measured" : `${value.toFixed(2)}${unit}`;
  const mark = value === undefined ? "-" : met ? "met" : "MISSED";
  return `${mark.padEnd(6)} ${id.padEnd(8)} ${metric?.name ?? bar.metric}: ${found} (${wanted})`;
}
