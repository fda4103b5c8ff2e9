/**
 * Compares the speed and the memory of this program with its peers.
 *
 *     deno task bench               the jail: medians, and ratios to OpenSSH pair by pair
 *     deno task bench --stages r32,sp --only openssh,kernel --rounds 3
 *     deno task bench --only kernel,quota      what a quota costs
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

import { UsageError } from "../lib/cli/errors.ts";
import { findProgram } from "../tests/support/programs.ts";
import { run } from "../tests/support/run.ts";
import { gridfs } from "./bench/gridfs.ts";
import { jail } from "./bench/jail.ts";
import { type BenchOptions, help, parseBenchArgs } from "./bench/options.ts";
import { policies } from "./bench/policies.ts";
import { proxy } from "./bench/proxy.ts";
import { judge, markdownTable, readmeBlock, replaceBlock, type Report } from "./bench/report.ts";
import { stopSessions, wasInterrupted, watchSignals } from "./bench/session.ts";
import type { Subject } from "./bench/subject.ts";
import { verdictLine } from "./bench/report.ts";
import { eprintLine, printLine } from "./support/print.ts";

const SUBJECTS: Readonly<Record<string, Subject>> = { jail, proxy, gridfs, policies };

const INTERRUPTED_EXIT_STATUS = 130;

/** A signal from a terminal ends the servers too, and their failure may be noticed first. */
const SIGNAL_GRACE_MS = 50;

const README = new URL("../README.md", import.meta.url);

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
    if (!(error instanceof UsageError || error instanceof RangeError)) throw error;
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

/** One line that names this machine, its Deno, the Deno that compiles, and its OpenSSH. */
async function machineLine(): Promise<string> {
  const versionOf = async (program: string | undefined, arg: string, pattern: RegExp) => {
    if (!program) return "";
    const { stdout, stderr } = await run(program, [arg]);
    return pattern.exec(stdout + stderr)?.[1] ?? "";
  };
  const cpu = /^model name\s*: (.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1] ??
    Deno.build.arch;
  const deno = Deno.version.deno;
  const compiler = await versionOf(Deno.env.get("DENO_COMPILE"), "--version", /^deno (\S+)/);
  const compiled = ["", deno].includes(compiler) ? "" : ` (compiled by Deno ${compiler})`;
  const openssh = await versionOf(findProgram("ssh"), "-V", /^OpenSSH_([^,]+)/);
  return `${cpu} (${navigator.hardwareConcurrency} CPUs), Linux ${Deno.osRelease()}, ` +
    `Deno ${deno}${compiled}, OpenSSH ${openssh}`.trimEnd();
}

/** Prints what was asked for, and returns the exit status. */
async function tell(report: Report, { bars }: Subject, options: BenchOptions): Promise<number> {
  const verdicts = judge(report, bars);
  if (options.has("json")) {
    printLine(JSON.stringify({ ...report, verdicts }));
  } else {
    const { machine, rounds, size, reference } = report;
    printLine(`${machine}\nmedians of ${rounds} rounds, ${size} MiB; ratios to ${reference}\n`);
    printLine(await markdownTable(report, { spread: true }));
    for (const note of report.notes) printLine(note);
  }
  if (options.has("readme")) {
    const readme = replaceBlock(await Deno.readTextFile(README), await readmeBlock(report));
    await Deno.writeTextFile(README, readme);
  }
  if (!options.has("check")) return 0;
  const print = options.has("json") ? eprintLine : printLine;
  for (const verdict of verdicts) print(verdictLine(verdict, report));
  const unknown = verdicts.filter(({ value }) => value === undefined).length;
  const met = verdicts.filter((verdict) => verdict.met).length;
  const missed = verdicts.length - met - unknown;
  print(`${met} bars met, ${missed} missed, ${unknown} not measured`);
  return missed > 0 ? 1 : 0;
}
