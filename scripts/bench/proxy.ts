/**
 * The proxy beside `ssh -s` and a raw pump over ssh2's channel, all to one sshd on the loopback.
 *
 * @module
 */

import { withTempDir } from "../../tests/support/files.ts";
import { programPath } from "../../tests/support/programs.ts";
import { runOk } from "../../tests/support/run.ts";
import { type Sshd, withSshd } from "../../tests/support/sshd.ts";
import { addNodeGlobals } from "../compile.ts";
import { compilePlan, parseCompileArgs } from "../support/compile_plan.ts";
import { REFERENCE, ROOT } from "./jail.ts";
import { type BenchOptions, COMMON_OPTIONS } from "./options.ts";
import { type Contestant, runRounds, STAGE_IDS, STAGE_METRICS } from "./rounds.ts";
import type { Bar, Measured, Samples, Subject } from "./subject.ts";
import { MIB, withWorkspace } from "./workspace.ts";

const WORK = { stats: 10_000, piped: 100_000, opens: 1000 } as const;

/** Bytes from ssh2's channel and back. */
const PUMP = "pump";
const PUMP_SOURCE = "scripts/bench/raw_pump.ts";

/** `--transport=ssh2` */
const EMBEDDED = "embedded";

/** `--transport=openssh` */
const OPENSSH = "by-openssh";

/** Each is divided by what the same transport gives without SFTP in between. */
const BARS: readonly Bar[] = [
  { metric: "r255", id: EMBEDDED, against: PUMP, atLeast: 0.85 },
  { metric: "w255", id: EMBEDDED, against: PUMP, atLeast: 0.85 },
  { metric: "sp", id: EMBEDDED, against: PUMP, atLeast: 0.85 },
  { metric: "s1", id: EMBEDDED, against: PUMP, atLeast: 0.8 },
  { metric: "start", id: EMBEDDED, against: PUMP, atMost: 1.1 },
  { metric: "r255", id: OPENSSH, against: REFERENCE, atLeast: 0.9 },
  { metric: "w255", id: OPENSSH, against: REFERENCE, atLeast: 0.9 },
  { metric: "sp", id: OPENSSH, against: REFERENCE, atLeast: 0.7 },
  { metric: "s1", id: OPENSSH, against: REFERENCE, atLeast: 0.6 },
  { metric: "start", id: OPENSSH, against: REFERENCE, atMost: 1.2 },
  { metric: "peak", id: EMBEDDED, statistic: "max", atMost: 192 },
  { metric: "peak", id: OPENSSH, statistic: "max", atMost: 192 },
];

/** `deno task bench:proxy` */
export const proxy: Subject = {
  about: "Compares the proxy with `ssh -s` and with ssh2 alone, all to one sshd on the loopback.",
  defaults: { ...COMMON_OPTIONS, size: "128", stages: "start,r255,w255,s1,sp", dir: "" },
  stages: STAGE_IDS,
  contestants: [REFERENCE, PUMP, EMBEDDED, OPENSSH],
  bars: BARS,
  measure: (options) => withTempDir((build) => measure(options, build)),
};

async function measure(options: BenchOptions, build: string): Promise<Measured> {
  const { size, dir, only, program } = options;
  const bytes = size * MIB;
  const samples: Samples = {};
  const pump = program === undefined ? undefined : await compilePump(build);
  return await withWorkspace(
    { dir, needed: 3 * bytes, bytes },
    (directory) =>
      withSshd({ subsystem: `internal-sftp -d ${directory}` }, async (sshd) => {
        const all = field(sshd, { cwd: directory, program, pump });
        const contestants = all.filter(({ id }) => only.includes(id));
        await runRounds(samples, options, { contestants, load: { ...WORK, bytes } });
        return { contestants, metrics: STAGE_METRICS, samples, notes: [] };
      }),
  );
}

function field(
  { user, host, port, clientKey, knownHosts, sshConfig, alias }: Sshd,
  { cwd, program, pump }: {
    readonly cwd: string;
    readonly program: string | undefined;
    readonly pump: string | undefined;
  },
): readonly Contestant[] {
  const deno = [Deno.execPath(), "run", "--quiet", "--no-check", "--no-prompt", "-A"];
  const own = [...program === undefined ? [...deno, `${ROOT}main.ts`] : [program], "proxy"];
  const raw = pump === undefined ? [...deno, ROOT + PUMP_SOURCE] : [pump];
  const ssh = [programPath("ssh"), "-F", sshConfig, "-s", alias, "sftp"];
  const words = ["-c", "/dev/null", "-k", clientKey, "-n", knownHosts, "-p", `${port}`];
  const byOpenssh = [...own, "--transport=openssh", "-c", sshConfig, alias];
  return [
    { id: REFERENCE, name: "ssh -s", argv: ssh, cwd },
    { id: PUMP, name: "raw pump", argv: [...raw, user, host, `${port}`, clientKey], cwd },
    { id: EMBEDDED, name: "proxy", argv: [...own, ...words, `${user}@${host}`], cwd },
    { id: OPENSSH, name: "proxy --transport=openssh", argv: byOpenssh, cwd },
  ];
}

/** Compiles the pump as the proxy is compiled, so that both have the same Deno's ciphers. */
export async function compilePump(build: string): Promise<string> {
  const deno = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  const output = `${build}/pump`;
  const { bundle, compile } = compilePlan(parseCompileArgs([]));
  const options = { env: { DENO_TLS_CA_STORE: "mozilla,system" } };
  await runOk(deno, [...bundle, "--outdir", build, ROOT + PUMP_SOURCE], options);
  await addNodeGlobals(`${build}/raw_pump.js`);
  await runOk(deno, [...compile, `--output=${output}`, `${build}/raw_pump.js`], options);
  return output;
}
