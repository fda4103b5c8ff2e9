import { REFERENCE } from "./contestants.ts";
import { METRICS } from "./metrics.ts";
import type { Report } from "./report.ts";
import { figuresOf } from "./samples.ts";
import { type Figure, summarize, summarizeRatios, type Summary } from "./statistics.ts";

/** Where there is no figure. */
const NONE = "–";

/** How much a table tells. */
export interface TableOptions {
  /** Whether each ratio has the least and the most beside it that a pair of one round gave. */
  readonly spread: boolean;
}

/**
 * The medians of a run as a Markdown table, a line for each metric that was measured. Behind the
 * figure of each contestant stands the ratio to OpenSSH.
 */
export function markdownTable({ contestants, samples }: Report, { spread }: TableOptions): string {
  const measured = METRICS.filter(({ id }) =>
    contestants.some((contestant) => figuresOf(samples, id, contestant.id).some(isFigure))
  );
  const rows = measured.map(({ id, name, unit, digits }) => [
    unit === "" ? name : `${name} (${unit})`,
    ...contestants.map((contestant) => {
      const figures = figuresOf(samples, id, contestant.id);
      const figure = summarize(figures)?.median.toFixed(digits) ?? NONE;
      if (contestant.id === REFERENCE) return figure;
      const ratios = summarizeRatios(figures, figuresOf(samples, id, REFERENCE));
      return ratios === undefined ? figure : `${figure} · ${ratioText(ratios, spread)}`;
    }),
  ]);
  return align([["", ...contestants.map(({ name }) => name)], ...rows]);
}

/** `**1.56** (1.48–1.63)` */
function ratioText({ median, min, max }: Summary, spread: boolean): string {
  const behind = spread ? ` (${ratioDigits(min)}–${ratioDigits(max)})` : "";
  return `**${ratioDigits(median)}**${behind}`;
}

/** Of a ratio above ten nobody wants to know the hundredths. */
function ratioDigits(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}

function isFigure(figure: Figure): boolean {
  return figure !== null;
}

/** Pads cells so that the table reads well as text; all columns but the first are flush right. */
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
