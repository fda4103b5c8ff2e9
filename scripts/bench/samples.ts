/** Figures by metric, then by contestant, then by round. */
export type Samples = Record<string, Record<string, number[]>>;

/** The middle of some figures, and their range. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Adds the figure of one more round. */
export function addSample(samples: Samples, metric: string, id: string, figure: number): void {
  const ofMetric = samples[metric] ??= {};
  (ofMetric[id] ??= []).push(figure);
}

/** The figures of a contestant; none where it was not measured. */
export function figuresOf(samples: Samples, metric: string, id: string): readonly number[] {
  return samples[metric]?.[id] ?? [];
}

/** The middle of some numbers, or the mean of the two middle ones. */
export function median(numbers: readonly number[]): number {
  if (numbers.length === 0) throw new RangeError("There is no median of nothing");
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}

/** Sums up some rounds; undefined where there are none. */
export function summarize(figures: readonly number[]): Summary | undefined {
  if (figures.length === 0) return undefined;
  return { median: median(figures), min: Math.min(...figures), max: Math.max(...figures) };
}

/**
 * Divides round by round, then sums up: whatever slows the machine down for a while slows both sides
 * of a pair, and leaves their ratio alone. A round in which one is missing does not count.
 */
export function summarizeRatios(
  figures: readonly number[],
  base: readonly number[],
): Summary | undefined {
  return summarize(figures.flatMap((figure, round) => {
    const reference = base[round] ?? 0;
    return reference === 0 ? [] : [figure / reference];
  }));
}
