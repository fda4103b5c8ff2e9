/**
 * What a run tells: medians, ratios pair by pair, the table, the bars, and the README's block.
 *
 * @module
 */

import { STAGES } from "./stages.ts";
import type { Bar, Measured, Samples } from "./subject.ts";

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

/** The middle of some figures, and their range. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Adds the figure of one more round. */
export function addSample(samples: Samples, metric: string, id: string, figure: number): void {
  ((samples[metric] ??= {})[id] ??= []).push(figure);
}

/** The middle of some numbers, or the mean of the two middle ones. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError("There is no median of nothing");
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}

/**
 * Sums up a contestant's rounds; undefined where there are none. With `against`, it divides round by
 * round first: whatever slows the machine down for a while slows both sides of a pair, and leaves
 * their ratio alone. A round in which one is missing does not count.
 */
export function summarize(
  samples: Samples,
  { metric, id, against }: Pick<Bar, "metric" | "id" | "against">,
): Summary | undefined {
  const all = samples[metric]?.[id] ?? [];
  const base = samples[metric]?.[against ?? ""] ?? [];
  const figures = against === undefined
    ? all
    : all.flatMap((figure, round) => base[round] ? [figure / base[round]] : []);
  if (figures.length === 0) return undefined;
  return { median: median(figures), min: Math.min(...figures), max: Math.max(...figures) };
}

/**
 * The medians of a run as a Markdown table, with a line for each metric that was measured. The ratio
 * to the reference follows each figure, in bold; with `spread`, then its range.
 */
export async function markdownTable(
  { contestants, metrics, samples, reference }: Report,
  { spread }: { readonly spread: boolean },
): Promise<string> {
  const rows = metrics.map(({ id: metric, name, unit, digits }) => [
    unit === "" ? name : `${name} (${unit})`,
    ...contestants.map(({ id }) => {
      const figure = summarize(samples, { metric, id })?.median.toFixed(digits) ?? "–";
      const against = id === reference ? undefined : reference;
      const ratios = against && summarize(samples, { metric, id, against });
      return ratios ? `${figure} · ${ratioText(ratios, spread)}` : figure;
    }),
  ]).filter(([_, ...cells]) => cells.some((cell) => cell !== "–"));
  const rule = ["-", ...contestants.map(() => "-:")];
  const lines = [["", ...contestants.map(({ name }) => name)], rule, ...rows];
  return await formatted(lines.map((cells) => `|${cells.join("|")}|\n`).join(""));
}

/** `**1.56** (1.48–1.63)` */
function ratioText({ median, min, max }: Summary, spread: boolean): string {
  const [middle, least, most] = [median, min, max].map((one) => one.toFixed(one < 10 ? 2 : 0));
  return spread ? `**${middle}** (${least}–${most})` : `**${middle}**`;
}

/** Markdown as `deno fmt` writes it. */
async function formatted(text: string): Promise<string> {
  const args = ["fmt", "--ext=md", "--line-width=100", "-"];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" })
    .spawn();
  const [output] = await Promise.all([
    child.output(),
    ReadableStream.from([text])
      .pipeThrough(new TextEncoderStream()).pipeTo(child.stdin),
  ]);
  return new TextDecoder().decode(output.stdout).trimEnd();
}

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
    const { statistic = "median", atLeast = -Infinity, atMost = Infinity } = bar;
    const value = summarize(samples, bar)?.[statistic];
    return { bar, value, met: value !== undefined && value >= atLeast && value <= atMost };
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

/** What the README shows: the chart, the table, and where and how it was measured. */
export async function readmeBlock(report: Report): Promise<string> {
  const { rounds, size, date, machine } = report;
  return await formatted(`${chart(report)}

${await markdownTable(report, { spread: false })}

Medians of ${rounds} rounds in which all servers took turns, on a socketpair, with a file of ${size} MiB
in memory. In bold the ratio to OpenSSH's server, pair by pair. \`deno task bench\` on ${date}: ${machine}.`);
}

/** A Mermaid chart of the kernel root's throughput, with OpenSSH's server as 1; empty without both. */
export function chart({ samples, reference: against }: Report): string {
  const bars = STAGES.flatMap(({ id: metric, name }) => {
    const ratio = summarize(samples, { metric, id: "kernel", against })?.median;
    return ratio === undefined ? [] : [{ name, ratio }];
  });
  if (bars.length === 0) return "";
  return `\`\`\`mermaid
xychart-beta horizontal
  title "Throughput of the kernel root; OpenSSH's sftp-server is 1"
  x-axis [${bars.map(({ name }) => `"${name}"`).join(", ")}]
  y-axis 0 --> ${Math.ceil(Math.max(...bars.map(({ ratio }) => ratio)))}
  bar [${bars.map(({ ratio }) => ratio.toFixed(2)).join(", ")}]
  line [${bars.map(() => 1).join(", ")}]
\`\`\``;
}

/**
 * Replaces what is between the two markers of a README.
 *
 * @throws {RangeError} If it has no markers.
 */
export function replaceBlock(readme: string, block: string): string {
  const markers = /(<!-- bench:begin -->\n).*?(\n<!-- bench:end -->)/s;
  if (markers.test(readme)) {
    return readme.replace(markers, (_, begin, end) => `${begin}\n${block}\n${end}`);
  }
  throw new RangeError("README.md has no bench:begin and bench:end to write between");
}
