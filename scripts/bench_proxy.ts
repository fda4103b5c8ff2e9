/**
 * Compares the proxy with `ssh -s` and with a raw pump over ssh2's channel, all to one sshd on the
 * loopback: `deno task bench:proxy`.
 *
 *     --rounds N        7 where absent
 *     --size MIB        the file that is read and written; 128 where absent
 *     --stages LIST     as in bench.ts, and `start`
 *     --program PATH    this program, compiled already; then the pump is compiled too, by the Deno
 *                       that DENO_COMPILE names: each is held against what its own Deno can do
 *     --check           hold the ratios against the bars; exit 1 where one is missed
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { withSshd } from "../tests/support/sshd.ts";
import { judge, verdictLine } from "./bench/bars.ts";
import { watchSignals } from "./bench/interruption.ts";
import { describeMachine, machineLine } from "./bench/machine.ts";
import { START } from "./bench/options.ts";
import { proxies, PROXY_BARS } from "./bench/proxies.ts";
import { compilePump } from "./bench/compiled_pump.ts";
import { runRounds } from "./bench/rounds.ts";
import type { Samples } from "./bench/samples.ts";
import { stopServers } from "./bench/server.ts";
import { STAGES } from "./bench/stages.ts";
import { markdownTable } from "./bench/table.ts";
import { fillWorkspace, makeMany, makeWorkspace } from "./bench/workspace.ts";
import { printLine } from "./support/print.ts";

const MIB = 2 ** 20;
const WORK = { stats: 10_000, pipelinedStats: 100_000, opens: 1000, entries: 10_000 } as const;
const USUAL = `${START},r255,w255,s1,sp`;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs([...args], {
    string: ["rounds", "size", "stages", "program"],
    boolean: ["check"],
    unknown: (arg) => {
      throw new TypeError(`unknown argument ${arg}`);
    },
  });
  const rounds = Number(options.rounds ?? 7);
  const size = Number(options.size ?? 128);
  const stages = (options.stages ?? USUAL).split(",");
  const machine = await describeMachine();
  const samples: Samples = {};
  const { pause } = watchSignals();
  const workspace = await makeWorkspace({ parent: undefined, needed: 3 * size * MIB });
  const build = await Deno.makeTempDir({ prefix: "sftpwrap_bench_" });
  const { directory } = workspace;
  try {
    fillWorkspace(directory, size * MIB);
    const load = { ...WORK, bytes: size * MIB, directory: makeMany(directory, WORK.entries) };
    const subsystem = `internal-sftp -d ${directory}`;
    await withSshd({ subsystem }, async (sshd) => {
      const { program } = options;
      const compiled = program === undefined
        ? undefined
        : { program, pump: await compilePump(build) };
      const contestants = proxies({ sshd, directory, build, compiled });
      await runRounds(samples, {
        field: { contestants, hello: undefined, notes: [] },
        stages: STAGES.filter(({ id }) => stages.includes(id)),
        starts: stages.includes(START),
        rounds,
        load,
        pause,
        progress: tell,
      });
      const settings = { rounds, size, inMemory: workspace.inMemory };
      printLine(machineLine(machine));
      printLine(`medians of ${rounds} rounds, ${size} MiB; ratio to ssh -s, pair by pair\n`);
      const report = { machine, settings, contestants, samples, notes: [] };
      printLine(markdownTable(report, { spread: true }) + "\n");
    });
  } finally {
    await stopServers();
    await workspace.remove();
    await Deno.remove(build, { recursive: true });
  }
  const verdicts = judge(samples, PROXY_BARS).filter(({ value }) => value !== undefined);
  for (const verdict of verdicts) printLine(verdictLine(verdict));
  return options.check && verdicts.some(({ met }) => !met) ? 1 : 0;
}

/** Standard output is for the result alone. */
function tell(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
