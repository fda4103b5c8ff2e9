import { REFERENCE } from "./contestants.ts";
import { machineLine } from "./machine.ts";
import type { Report } from "./report.ts";
import { figuresOf } from "./samples.ts";
import { STAGES } from "./stages.ts";
import { summarizeRatios } from "./statistics.ts";
import { markdownTable } from "./table.ts";

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** Whose ratios the chart draws. */
const CHARTED = "kernel";

/** What the README shows: the chart, the table, and where and how it was measured. */
export function readmeBlock(report: Report): string {
  const { rounds, size, inMemory } = report.settings;
  const where = inMemory ? "in memory" : "on a disk";
  return `${chart(report)}

${markdownTable(report, { spread: false })}

Medians of ${rounds} rounds in which all servers took turns, on a socketpair, with a file of ${size} MiB
${where}. In bold the ratio to OpenSSH's server, pair by pair. \`deno task bench\` on
${report.machine.date}: ${machineLine(report.machine)}.`;
}

/** A Mermaid chart of the kernel root's throughput, with OpenSSH's server as 1; empty without both. */
export function chart({ samples }: Report): string {
  const bars = STAGES.flatMap(({ id, name }) => {
    const reference = figuresOf(samples, id, REFERENCE);
    const ratio = summarizeRatios(figuresOf(samples, id, CHARTED), reference)?.median;
    return ratio === undefined ? [] : [{ name: name.replaceAll('"', "'"), ratio }];
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
 * Replaces what stands between the two markers of a README.
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

/** Writes chart and table into the README below the project's root. */
export async function writeReadme(root: string, report: Report): Promise<void> {
  const path = `${root}README.md`;
  const readme = replaceBlock(await Deno.readTextFile(path), readmeBlock(report));
  await Deno.writeTextFile(path, readme);
  // As the gate wants it.
  const args = ["fmt", "--quiet", path];
  await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
}
