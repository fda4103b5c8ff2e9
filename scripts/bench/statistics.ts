/** What one round gave; null where there is no figure. */
export type Figure = number | null;

/** Several figures in three. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle of some numbers; the mean of the two middle ones where they are even in number. */
export function median(numbers: readonly number[]): number {
  if (numbers.length === 0) throw new RangeError("There is no median of nothing");
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}

/** Sums up the rounds that have a figure; undefined where none has. */
export function summarize(figures: readonly Figure[]): Summary | undefined {
  const known = figures.filter((figure) => figure !== null);
  if (known.length === 0) return undefined;
  return { median: median(known), min: Math.min(...known), max: Math.max(...known) };
}

/**
 * Divides round by round, then sums up: what slows a machine down for a while slows both sides of
 * a pair, and so leaves their ratio alone.
 */
export function summarizeRatios(
  figures: readonly Figure[],
  base: readonly Figure[],
): Summary | undefined {
  const pairs = Math.min(figures.length, base.length);
  const ratios = Array.from({ length: pairs }, (_, round): Figure => {
    const [figure, reference] = [figures[round] ?? null, base[round] ?? null];
    return figure === null || reference === null || reference === 0 ? null : figure / reference;
  });
  return summarize(ratios);
}
