import type { Figure } from "./statistics.ts";

/** Figures by metric, then by contestant, then by round. */
export type Samples = Record<string, Record<string, Figure[]>>;

/** Adds the figure of one more round. */
export function addSample(
  samples: Samples,
  { metric, id }: { readonly metric: string; readonly id: string },
  figure: Figure,
): void {
  const ofMetric = samples[metric] ??= {};
  (ofMetric[id] ??= []).push(figure);
}

/** The figures of a contestant; none where it was not measured. */
export function figuresOf(samples: Samples, metric: string, id: string): readonly Figure[] {
  return samples[metric]?.[id] ?? [];
}
