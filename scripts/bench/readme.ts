import { figuresOf, summarizeRatios } from "./samples.ts";
import { STAGES } from "./stages.ts";
import type { Report } from "./subject.ts";
import { markdownTable } from "./table.ts";

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** The contestant whose ratios the chart draws. */
const CHARTED = "kernel";

/** What the README shows: the chart, the table, and where and how it was measured. */
export function readmeBlock(report: Report): string {
  const { rounds, size, date, machine } = report;
  return `${chart(report)}

${markdownTable(report, { spread: false })}

Medians of ${rounds} rounds in which all servers took turns, on a socketpair, with a file of ${size} MiB
in memory. In bold the ratio to OpenSSH's server, pair by pair. \`deno task bench\` on ${date}: ${machine}.`;
}

/** A Mermaid chart of the kernel root's throughput, with OpenSSH's server as 1; empty without both. */
export function chart({ samples, reference }: Report): string {
  const bars = STAGES.flatMap(({ id, name }) => {
    const base = figuresOf(samples, id, reference);
    const ratio = summarizeRatios(figuresOf(samples, id, CHARTED), base)?.median;
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
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END, begin);
  if (begin === -1 || end === -1) {
    throw new RangeError(`README.md has no ${BEGIN} and ${END} to write between`);
  }
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${block}\n\n${readme.slice(end)}`;
}

/** Writes chart and table into the README, formatted as the gate wants it. */
export async function writeReadme(report: Report): Promise<void> {
  const path = new URL("../../README.md", import.meta.url).pathname;
  await Deno.writeTextFile(path, replaceBlock(await Deno.readTextFile(path), readmeBlock(report)));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
}
