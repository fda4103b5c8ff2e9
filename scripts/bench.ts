/**
 * Compares the speed and the memory of this program with OpenSSH's server: `deno task bench`.
 *
 *     deno task bench                          7 rounds; a table with the ratios, pair by pair
 *     deno task bench --stages r32,sp --only openssh,kernel --rounds 3
 *     deno task bench --all --check            everything, against the bars
 *     deno task bench --readme                 writes chart and table into the README
 *
 * `--help` lists all options. It starts each server on a socketpair, sends requests that were
 * built before, and looks at no more of a reply than it must, so that what is measured is the
 * server. Linux only.
 *
 * @module
 */

import { judge, verdictLine } from "./bench/bars.ts";
import { ROOT } from "./bench/contestants.ts";
import { INTERRUPTED_EXIT_STATUS, watchSignals } from "./bench/interruption.ts";
import { machineLine } from "./bench/machine.ts";
import { measure } from "./bench/measure.ts";
import { type BenchOptions, HELP, parseBenchArgs } from "./bench/options.ts";
import { writeReadme } from "./bench/readme.ts";
import type { Report } from "./bench/report.ts";
import { figuresOf } from "./bench/samples.ts";
import { summarize } from "./bench/statistics.ts";
import { markdownTable } from "./bench/table.ts";
import { printLine } from "./support/print.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseBenchArgs(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    tell(`bench: ${error.message}`);
    return 1;
  }
  if (options.help) {
    printLine(HELP.trimEnd());
    return 0;
  }
  if (Deno.build.os !== "linux") {
    tell("bench: it starts servers and reads their figures in the way of Linux");
    return 1;
  }
  const watch = watchSignals();
  try {
    return await tellReport(
      await measure(options, { pause: watch.pause, progress: tell }),
      options,
    );
  } catch (error) {
    // A signal from the terminal ends the servers too, and their failure is noticed first.
    await watch.settle();
    if (watch.came()) return INTERRUPTED_EXIT_STATUS;
    if (!(error instanceof RangeError)) throw error;
    tell(`bench: ${error.message}`);
    return 1;
  }
}

/** Prints what was asked for, and returns the exit status. */
async function tellReport(report: Report, options: BenchOptions): Promise<number> {
  const verdicts = judge(report.samples);
  if (options.json) printLine(JSON.stringify({ ...report, verdicts }));
  else printReport(report);
  if (options.readme) await writeReadme(ROOT, report);
  if (!options.check) return 0;
  const print = options.json ? tell : printLine;
  const measured = verdicts.filter(({ value }) => value !== undefined);
  for (const verdict of measured) print(verdictLine(verdict));
  const missed = measured.filter(({ met }) => !met).length;
  const unknown = verdicts.length - measured.length;
  print(`${measured.length - missed} bars met, ${missed} missed, ${unknown} not measured`);
  return missed > 0 ? 1 : 0;
}

function printReport(report: Report): void {
  const { machine, settings: { rounds, size }, samples, notes } = report;
  printLine(machineLine(machine));
  printLine(`medians of ${rounds} rounds, ${size} MiB; ratio to OpenSSH, pair by pair (min–max)\n`);
  printLine(markdownTable(report, { spread: true }));
  const hello = summarize(figuresOf(samples, "start", "hello"));
  const further = [
    ...hello === undefined ? [] : [`a compiled hello world takes ${hello.median.toFixed(1)} ms`],
    ...machine.load > machine.cpus / 2
      ? [`the machine was busy before the run: load average ${machine.load.toFixed(1)}`]
      : [],
    ...notes,
  ];
  if (further.length > 0) printLine("");
  for (const note of further) printLine(note);
}

/** Standard output is for the result alone. */
function tell(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
