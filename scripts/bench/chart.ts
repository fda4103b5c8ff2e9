/**
 * The picture: for each stage and each root a bar, as long as the ratio to OpenSSH.
 *
 * It is an SVG of its own, because GitHub's Mermaid draws neither groups of bars nor a legend. Text
 * and lines follow the reader's light or dark theme.
 *
 * @module
 */

import { REFERENCE } from "./contestants.ts";
import type { Report } from "./report.ts";
import { figuresOf } from "./samples.ts";
import { STAGES } from "./stages.ts";
import { summarizeRatios } from "./statistics.ts";

const WIDTH = 860;
const LEFT = 250;
const RIGHT = 24;
const TOP = 72;
const BAR = 17;
const GAP = 14;

/** The end of the axis: a bar that is longer is cut off, so that the others can be told apart. */
const MOST = 2.5;

/** Between the lines of the grid. */
const STEP = 0.5;

/** A bar that is shorter has its figure beside it, not on it. */
const SHORTEST_LABELLED = 44;

const COLOURS = ["#0969da", "#9a6700", "#8250df", "#1a7f37"];

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .small { font-size: 12px; fill: #59636e; }
    .inside { font-size: 12px; fill: #ffffff; }
    .title { font-size: 15px; font-weight: 600; }
    line { stroke: #d1d9e0; }
    .one { stroke: #1f2328; stroke-dasharray: 4 3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .small { fill: #9198a1; }
      .inside { fill: #ffffff; }
      line { stroke: #3d444d; }
      .one { stroke: #f0f6fc; }
    }
  `;

/** Ratios of one contestant, stage by stage. */
interface Series {
  readonly name: string;
  readonly ratios: readonly (number | undefined)[];
}

/** Draws the ratios of the two roots to OpenSSH's server. */
export function chart({ contestants, samples }: Report): string {
  const stages = STAGES.filter(({ id }) => figuresOf(samples, id, REFERENCE).length > 0);
  const series = contestants
    .filter(({ id }) => id.startsWith("kernel") || id.startsWith("portable"))
    .map(({ id, name }): Series => ({
      name,
      ratios: stages.map((stage) => {
        const base = figuresOf(samples, stage.id, REFERENCE);
        return summarizeRatios(figuresOf(samples, stage.id, id), base)?.median;
      }),
    }));
  return draw(stages.map(({ name }) => name), series);
}

function draw(labels: readonly string[], series: readonly Series[]): string {
  const group = series.length * BAR + GAP;
  const bottom = TOP + labels.length * group;
  const scale = (WIDTH - LEFT - RIGHT) / MOST;
  const x = (ratio: number) => round(LEFT + ratio * scale);
  const ticks = Array.from({ length: MOST / STEP + 1 }, (_, index) => index * STEP);
  const parts = [
    text(LEFT, 22, "Throughput, as a multiple of OpenSSH's sftp-server", "title"),
    ...series.map(({ name }, index) => legend(LEFT + index * 200, 44, name, colour(index))),
    ...ticks.map((tick) => line(x(tick), TOP, bottom)),
    ...ticks.map((tick) => text(x(tick), bottom + 18, tick.toFixed(1), "small", "middle")),
    ...labels.flatMap((label, row) => {
      const top = TOP + row * group + GAP / 2;
      const middle = top + (series.length * BAR) / 2 + 4;
      const bars = series.map(({ ratios }, index) =>
        bar(ratios[row], { top: top + index * BAR, scale, fill: colour(index) })
      );
      return [text(LEFT - 12, middle, label, "", "end"), ...bars];
    }),
    line(x(1), TOP - 6, bottom, "one"),
    text(x(1), TOP - 10, "OpenSSH", "small", "middle"),
  ];
  const height = bottom + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
  <title>Throughput of sftpwrap as a multiple of OpenSSH's sftp-server</title>
  <style>${STYLE}</style>
  ${parts.filter((part) => part !== "").join("\n  ")}
</svg>
`;
}

function bar(
  ratio: number | undefined,
  { top, scale, fill }: { readonly top: number; readonly scale: number; readonly fill: string },
): string {
  if (ratio === undefined) return "";
  const width = round(Math.min(ratio, MOST) * scale);
  const rect = `<rect x="${LEFT}" y="${top}" width="${width}" height="${BAR - 2}" rx="2"`;
  const figure = ratio > MOST ? `${ratio.toFixed(2)} »` : ratio.toFixed(2);
  const label = width < SHORTEST_LABELLED
    ? text(round(LEFT + width + 6), top + 12, figure, "small")
    : text(LEFT + 8, top + 12, figure, "inside");
  return `${rect} fill="${fill}" />${label}`;
}

function legend(x: number, y: number, name: string, fill: string): string {
  const square = `<rect x="${x}" y="${y - 11}" width="12" height="12" rx="2" fill="${fill}" />`;
  return square + text(x + 18, y, name, "small");
}

function line(x: number, from: number, to: number, name = ""): string {
  return `<line x1="${x}" y1="${from}" x2="${x}" y2="${to}"${attribute("class", name)} />`;
}

function text(x: number, y: number, content: string, name: string, anchor = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const attributes = attribute("class", name) + attribute("text-anchor", anchor);
  return `<text x="${x}" y="${y}"${attributes}>${escaped}</text>`;
}

function attribute(name: string, value: string): string {
  return value === "" ? "" : ` ${name}="${value}"`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
