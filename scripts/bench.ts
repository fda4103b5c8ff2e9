/**
 * Compares the speed and the memory of this program with its peers.
 *
 *     deno task bench               the jail: medians, and ratios to OpenSSH pair by pair
 *     deno task bench --stages r32,sp --only openssh,kernel --rounds 3
 *     deno task bench --all --check            everything, against the bars
 *     deno task bench --readme                 writes chart and table into the README
 *     deno task bench:proxy         the proxy, to a real sshd
 *     deno task bench:gridfs        GridFS, beside the driver's own streams
 *     deno task bench:policies      policies that remember, in long sessions
 *
 * `--help` lists the options of each. The first argument is the subject: `bench.ts proxy …`.
 * The servers are started on a socketpair, requests are built before the clock starts, and no more
 * of a reply is read than must be, so that what is measured is the server. Linux only.
 *
 * @module
 */

import { judge, verdictLine } from "./bench/bars.ts";
import { gridfs } from "./bench/gridfs.ts";
import { wasInterrupted, watchSignals } from "./bench/interrupt.ts";
import { jail } from "./bench/jail.ts";
import { machineLine } from "./bench/machine.ts";
import { type BenchOptions, help, parseBenchArgs } from "./bench/options.ts";
import { policies } from "./bench/policies.ts";
import { proxy } from "./bench/proxy.ts";
import { writeReadme } from "./bench/readme.ts";
import { stopSessions } from "./bench/session.ts";
import type { Report, Subject } from "./bench/subject.ts";
import { markdownTable } from "./bench/table.ts";
import { eprintLine, printLine } from "./support/print.ts";

const SUBJECTS: Readonly<Record<string, Subject>> = { jail, proxy, gridfs, policies };

const INTERRUPTED_EXIT_STATUS = 130;

/** A signal from a terminal ends the servers too, and their failure may be noticed first. */
const SIGNAL_GRACE_MS = 50;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main([first = "", ...rest]: readonly string[]): Promise<number> {
  const name = first in SUBJECTS ? first : "jail";
  const subject = SUBJECTS[name]!;
  try {
    const options = parseBenchArgs(name === first ? rest : Deno.args, subject);
    if (options.has("help")) {
      printLine(help(name, subject));
      return 0;
    }
    if (Deno.build.os !== "linux") throw new RangeError("only Linux is measured");
    watchSignals();
    return await tell(await measure(subject, options), subject, options);
  } catch (error) {
    if (await wasInterrupted(SIGNAL_GRACE_MS)) return INTERRUPTED_EXIT_STATUS;
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    eprintLine(`bench: ${error.message}`);
    return 1;
  }
}

async function measure(subject: Subject, options: BenchOptions): Promise<Report> {
  const [load = 0] = Deno.loadavg();
  const isBusy = load > navigator.hardwareConcurrency / 2;
  const busy = isBusy ? [`the machine was busy before: load average ${load.toFixed(1)}`] : [];
  const machine = await machineLine();
  const date = new Date().toISOString().slice(0, 10);
  const { rounds, size } = options;
  const [reference = ""] = subject.contestants;
  try {
    const measured = await subject.measure(options);
    const notes = [...measured.notes, ...busy];
    return { ...measured, notes, machine, date, reference, rounds, size };
  } finally {
    await stopSessions();
  }
}

/** Prints what was asked for, and returns the exit status. */
async function tell(report: Report, { bars }: Subject, options: BenchOptions): Promise<number> {
  const verdicts = judge(report, bars);
  if (options.has("json")) {
    printLine(JSON.stringify({ ...report, verdicts }));
  } else {
    const { machine, rounds, size, reference } = report;
    printLine(`${machine}\nmedians of ${rounds} rounds, ${size} MiB; ratios to ${reference}\n`);
    printLine(markdownTable(report, { spread: true }));
    for (const note of report.notes) printLine(note);
  }
  if (options.has("readme")) await writeReadme(report);
  if (!options.has("check")) return 0;
  const print = options.has("json") ? eprintLine : printLine;
  for (const verdict of verdicts) print(verdictLine(verdict, report));
  const unknown = verdicts.filter(({ value }) => value === undefined).length;
  const met = verdicts.filter((verdict) => verdict.met).length;
  const missed = verdicts.length - met - unknown;
  print(`${met} bars met, ${missed} missed, ${unknown} not measured`);
  return missed > 0 ? 1 : 0;
}
