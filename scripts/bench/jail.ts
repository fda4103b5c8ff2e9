/**
 * The jail beside OpenSSH's sftp-server.
 *
 * @module
 */

import { LIBC_PATHS } from "../../lib/linux/libc.ts";
import { PacketType } from "../../lib/wire/constants.ts";
import { withTempDir } from "../../tests/support/files.ts";
import { programPath } from "../../tests/support/programs.ts";
import { commandLine, run, runOk } from "../../tests/support/run.ts";
import { type Sshd, withSshd } from "../../tests/support/sshd.ts";
import { eprintLine } from "../support/print.ts";
import { type BenchOptions, COMMON_OPTIONS } from "./options.ts";
import { request } from "./packets.ts";
import { type Contestant, runRounds, STAGE_IDS, STAGE_METRICS } from "./rounds.ts";
import { addSample, summarize } from "./report.ts";
import { pause, type Program, Session, stopSessions, turns } from "./session.ts";
import type { Bar, Measured, Metric, Samples, Subject } from "./subject.ts";
import { isInMemory, MIB, withWorkspace, writePattern } from "./workspace.ts";

/** The project's own directory. */
export const ROOT = new URL("../../", import.meta.url).pathname;

/** The id of OpenSSH's server, which all others are divided by. */
export const REFERENCE = "openssh";

/** The work of one stage in one round, beside the size of the file. */
const WORK = { stats: 20_000, piped: 100_000, opens: 5000 } as const;

/** Room for directories beside the files that are read and written. */
const SPARE_BYTES = 128 * MIB;

/** How long idle sessions rest before their memory is measured. */
const REST_MS = 2000;

const METRICS: readonly Metric[] = [
  ...STAGE_METRICS,
  { id: "idle", name: "private memory of an idle session", unit: "MiB", digits: 1 },
  { id: "sshd-get", name: "through sshd: get", unit: "MB/s", digits: 0 },
  { id: "sshd-put", name: "through sshd: put", unit: "MB/s", digits: 0 },
];

/** The least ratios to OpenSSH: of the kernel root, and of the portable one. */
const RATIOS: Readonly<Record<string, readonly [kernel: number, portable: number]>> = {
  ...{ r32: [1.5, 1], r255: [1.2, 1], w32: [1.1, 1], w255: [1.2, 1] },
  ...{ s1: [1, 1], sp: [1.6, 1], oc: [1.1, 0.7], rd: [1.3, 0.7] },
};

const BARS: readonly Bar[] = [
  ...["kernel", "portable"].flatMap((id, index) =>
    Object.entries(RATIOS).map(([metric, least]) => ({
      metric,
      id,
      against: REFERENCE,
      atLeast: least[index]!,
    }))
  ),
  { metric: "cpu-r32", id: "kernel", against: REFERENCE, atMost: 1 },
  { metric: "cpu-r255", id: "kernel", against: REFERENCE, atMost: 1 },
  { metric: "start", id: "kernel", against: "hello", atMost: 1.3 },
  { metric: "start", id: "kernel", atMost: 45 },
  { metric: "peak", id: "kernel", statistic: "max", atMost: 80 },
  { metric: "idle", id: "kernel", statistic: "max", atMost: 25 },
  { metric: "sshd-get", id: "kernel", against: REFERENCE, atLeast: 0.97 },
  { metric: "sshd-put", id: "kernel", against: REFERENCE, atLeast: 0.97 },
];

/** `deno task bench` */
export const jail: Subject = {
  about: "Compares the jail with OpenSSH's sftp-server: in turn, on a socketpair, files in memory.",
  defaults: {
    ...COMMON_OPTIONS,
    ...{ size: "512", stages: "", dir: "", idle: "0", sshd: "", all: "", readme: "" },
    only: "openssh,kernel,portable",
  },
  stages: STAGE_IDS,
  contestants: [REFERENCE, "kernel", "portable", "quota"],
  bars: BARS,
  measure: (options) => withTempDir((build) => measure(options, build)),
};

async function measure(options: BenchOptions, build: string): Promise<Measured> {
  const { size, dir, only, idle } = options;
  const bytes = size * MIB;
  const samples: Samples = {};
  const notes: string[] = [];
  // Each file is read and written; through sshd one of twice the size is in three places.
  const needed = (options.has("sshd") ? 8 : 2) * bytes + SPARE_BYTES;
  return await withWorkspace({ dir, needed, bytes }, async (directory) => {
    const program = options.program ?? await compileProgram(build, notes);
    const all = field(directory, program, `${build}/state`);
    const contestants = all.filter(({ id }) => only.includes(id));
    const hello = program === undefined ? undefined : await compileHello(build);
    const load = { ...WORK, bytes };
    await runRounds(samples, options, { contestants, hello, load });
    if (idle > 0) await measureIdle(samples, contestants, idle);
    if (options.has("sshd")) await throughSshd(samples, contestants, { ...options, directory });
    const start = summarize(samples, { metric: "start", id: "hello" })?.median.toFixed(1);
    if (start !== undefined) notes.push(`a compiled hello world takes ${start} ms`);
    if (!isInMemory(directory)) notes.push(`${directory} is not in memory`);
    return { contestants, metrics: METRICS, samples, notes };
  });
}

function field(
  cwd: string,
  program: string | undefined,
  state: string,
): readonly Contestant[] {
  const deno = [Deno.execPath(), "run", "--no-prompt"];
  const main = `${ROOT}main.ts`;
  const all = ["--allow-read", "--allow-write", "--allow-sys", `--allow-ffi=${LIBC_PATHS.join()}`];
  const kernel = program === undefined ? [...deno, ...all, main] : [program];
  const portable = [...deno, `--allow-read=${cwd}`, `--allow-write=${cwd}`, main];
  // As OpenSSH's server, which logs only errors unless it is told otherwise.
  const quietly = ["jail", "--log-level=ERROR"];
  const how = program === undefined ? "deno run" : "compiled";
  const words = [...portable, ...quietly, "--confine=portable", cwd];
  return [
    { id: REFERENCE, name: "OpenSSH", argv: [programPath("sftp-server")], cwd },
    { id: "kernel", name: `kernel root, ${how}`, argv: [...kernel, ...quietly, cwd], cwd },
    { id: "portable", name: "portable root, deno run", argv: words, cwd },
    {
      id: "quota",
      name: "kernel root under a quota",
      argv: [...kernel, ...quietly, "--quota=1000G", `--state-dir=${state}`, cwd],
      cwd,
    },
  ];
}

async function compileProgram(build: string, notes: string[]): Promise<string | undefined> {
  eprintLine("compiling");
  const output = `${build}/sftpwrap`;
  const words = ["run", "--no-prompt", "-A", `${ROOT}scripts/compile.ts`, "--output", output];
  const { code, stdout, stderr } = await run(Deno.execPath(), words, { cwd: ROOT });
  if (code === 0) return output;
  notes.push(
    `not compiled, so "kernel" is deno run: ${(stdout + stderr).trim().split("\n").at(-1)}`,
  );
  return undefined;
}

/** Compiled as the program is, so that what remains of the program's start is its own. */
async function compileHello(build: string): Promise<Program | undefined> {
  const source = `${build}/hello.ts`;
  const output = `${build}/hello`;
  await Deno.writeTextFile(source, 'Deno.stdout.writeSync(new TextEncoder().encode("hello\\n"));');
  const deno = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  const flags = ["--quiet", "--no-check", "--no-code-cache", `--output=${output}`];
  const { code } = await run(deno, ["compile", ...flags, source]);
  return code === 0 ? { name: "hello", argv: [output], cwd: build } : undefined;
}

/** Adds the private memory of each of many idle sessions. */
async function measureIdle(samples: Samples, contestants: readonly Contestant[], count: number) {
  for (const contestant of contestants) {
    eprintLine(`${count} idle sessions: ${contestant.name}`);
    const sessions: Session[] = [];
    while (sessions.length < count) {
      const session = await Session.start(contestant);
      sessions.push(session);
      // As every client begins.
      session.connection.call(request(PacketType.REALPATH, "."));
    }
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    for (const session of sessions) {
      addSample(samples, "idle", contestant.id, session.memory("private"));
    }
    await stopSessions(sessions);
  }
}

/** Adds the MB/s of one get and one put in each round, by OpenSSH's `sftp` and a real sshd. */
async function throughSshd(
  samples: Samples,
  contestants: readonly Contestant[],
  { directory, size, rounds }: BenchOptions & { readonly directory: string },
): Promise<void> {
  const bytes = 2 * size * MIB;
  const local = `${directory}/local`;
  await writePattern(`${directory}/sent`, bytes);
  const config = contestants.map(({ id, argv }) => `Subsystem ${id} ${commandLine(argv)}`);
  await withSshd({ subsystem: null, config }, async (sshd) => {
    for await (const order of turns(rounds, contestants, "through sshd, round")) {
      for (const { id } of order) {
        // OpenSSH's server has no root of its own.
        const root = id === REFERENCE ? directory : "";
        const transfer = async (metric: string, command: string, file: string) => {
          await pause();
          addSample(samples, metric, id, bytes / await microsecondsOf(sshd, id, command));
          const { size } = await Deno.stat(file);
          if (size !== bytes) throw new Error(`${file} has ${size} bytes, not ${bytes}`);
        };
        await transfer("sshd-get", `get ${root}/sent ${local}`, local);
        await transfer("sshd-put", `put ${local} ${root}/out`, `${directory}/out`);
        await Deno.remove(local);
        await Deno.remove(`${directory}/out`);
      }
    }
  });
}

/** How long one command of `sftp` takes, from connecting to hanging up. */
async function microsecondsOf(sshd: Sshd, subsystem: string, command: string): Promise<number> {
  const args = ["-q", "-F", sshd.sshConfig, "-s", subsystem, "-b", "-", sshd.alias];
  const start = performance.now();
  await runOk("sftp", args, { input: `${command}\n` });
  return (performance.now() - start) * 1000;
}
