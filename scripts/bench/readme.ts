import { chart } from "./chart.ts";
import { machineLine } from "./machine.ts";
import type { Report } from "./report.ts";
import { markdownTable } from "./table.ts";

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** Where the picture stands, from the project's root. */
export const PICTURE = "assets/bench.svg";

/** What stands in the README: the picture, the table, and where and how it was measured. */
export function readmeBlock(report: Report): string {
  const { rounds, size, inMemory } = report.settings;
  const where = inMemory ? "in memory" : "on a disk";
  return `![Throughput of sftpwrap as a multiple of OpenSSH's sftp-server](${PICTURE})

${markdownTable(report, { spread: false })}

Medians of ${rounds} rounds in which all servers took turns, on a socketpair, with a file of ${size} MiB
${where}. In bold the ratio to OpenSSH's server, pair by pair. \`deno task bench\` on
${report.machine.date}: ${machineLine(report.machine)}.`;
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

/** Writes table and picture below the project's root. */
export async function writeReadme(root: string, report: Report): Promise<void> {
  const path = `${root}README.md`;
  const picture = `${root}${PICTURE}`;
  const readme = replaceBlock(await Deno.readTextFile(path), readmeBlock(report));
  await Deno.mkdir(`${root}assets`, { recursive: true });
  await Deno.writeTextFile(picture, chart(report));
  await Deno.writeTextFile(path, readme);
  // As the gate wants them.
  const args = ["fmt", "--quiet", path, picture];
  await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
}
