import type { Report } from "./subject.ts";
import { figuresOf, summarize, summarizeRatios, type Summary } from "./samples.ts";

/**
 * The medians of a run as a Markdown table, with a line for each metric that was measured. The ratio
 * to the reference follows each figure, in bold; with `spread`, then its range.
 */
export function markdownTable(
  { contestants, metrics, samples, reference }: Report,
  { spread }: { readonly spread: boolean },
): string {
  const measured = metrics.filter((metric) =>
    contestants.some(({ id }) => figuresOf(samples, metric.id, id).length > 0)
  );
  const rows = measured.map((metric) => [
    metric.unit === "" ? metric.name : `${metric.name} (${metric.unit})`,
    ...contestants.map(({ id }) => {
      const figures = figuresOf(samples, metric.id, id);
      const figure = summarize(figures)?.median.toFixed(metric.digits) ?? "–";
      const base = id === reference ? [] : figuresOf(samples, metric.id, reference);
      const ratios = summarizeRatios(figures, base);
      return ratios === undefined ? figure : `${figure} · ${ratioText(ratios, spread)}`;
    }),
  ]);
  return align([["", ...contestants.map(({ name }) => name)], ...rows]);
}

/** `**1.56** (1.48–1.63)` */
function ratioText({ median, min, max }: Summary, spread: boolean): string {
  const range = spread ? ` (${ratioDigits(min)}–${ratioDigits(max)})` : "";
  return `**${ratioDigits(median)}**${range}`;
}

function ratioDigits(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}

/** Pads cells, all columns but the first to the right. */
function align([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0))
  );
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  const padded = [head, rule, ...rows].map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    )
  );
  return padded.map((row) => `| ${row.join(" | ")} |`).join("\n");
}
