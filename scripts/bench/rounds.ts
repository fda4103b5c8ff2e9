/**
 * The comparison: every contestant does every stage, in turn, round after round.
 *
 * @module
 */

import { eprintLine } from "../support/print.ts";
import { pause } from "./interrupt.ts";
import type { BenchOptions } from "./options.ts";
import type { Metric } from "./subject.ts";
import { addSample, median, type Samples } from "./samples.ts";
import { type Program, Session, timeToEnd } from "./session.ts";
import { type Load, type Stage, STAGES } from "./stages.ts";

const GIB = 2 ** 30;

/** How often each contestant is started in a round, only to measure its start. */
const STARTS = 5;

/** The id of the start among the stages. */
const START = "start";

/** A server that is compared. */
export interface Contestant extends Program {
  /** As in `--only`. */
  readonly id: string;
}

/** Ids for `--stages`. */
export const STAGE_IDS: readonly string[] = [START, ...STAGES.map(({ id }) => id)];

/** What {@linkcode runRounds} measures, in the order of the table. */
export const STAGE_METRICS: readonly Metric[] = [
  ...STAGES.map(({ id, name, unit }) => ({ id, name, unit, digits: 0 })),
  ...STAGES.filter(({ moves }) => moves).map(({ id, name }) => ({
    id: `cpu-${id}`,
    name: `CPU time, ${name.split(",")[0]}`,
    unit: "s/GiB",
    digits: 2,
  })),
  { id: START, name: "start to VERSION", unit: "ms", digits: 1 },
  { id: "peak", name: "peak memory", unit: "MiB", digits: 1 },
];

/** What to compare. */
export interface RoundsOptions {
  readonly contestants: readonly Contestant[];
  /** A program that writes a word and ends, to compare the start with. */
  readonly hello?: Program | undefined;
  readonly load: Load;
}

/** Runs the rounds, and adds what they give to the samples. */
export async function runRounds(
  samples: Samples,
  { rounds, stages: ids }: BenchOptions,
  options: RoundsOptions,
): Promise<void> {
  const stages = STAGES.filter(({ id }) => ids.includes(id));
  const [first] = options.contestants;
  if (stages.length > 0 && first !== undefined) await warmUp(first, stages, options.load);
  for (const round of Array(rounds).keys()) {
    eprintLine(`round ${round + 1} of ${rounds}`);
    // Each has its turn at being the first.
    const order = options.contestants.map((_, index, all) => all[(index + round) % all.length]!);
    if (ids.includes(START)) await measureStarts(samples, order, options);
    if (stages.length > 0) await measureStages(samples, order, stages, options);
  }
}

/** Lets V8 compile the load generator before it counts. */
async function warmUp(contestant: Contestant, stages: readonly Stage[], load: Load) {
  const session = await Session.start(contestant);
  const little = { bytes: load.bytes / 8, stats: 2000, piped: 10_000, opens: 500 };
  for (const stage of stages) {
    await pause();
    await session.run(stage.name, ({ connection }) => stage.run(connection, little));
  }
  await session.stop();
}

async function measureStarts(
  samples: Samples,
  order: readonly Contestant[],
  { hello }: RoundsOptions,
): Promise<void> {
  const times: Samples = {};
  for (let count = 0; count < STARTS; count++) {
    for (const contestant of order) {
      await pause();
      const session = await Session.start(contestant);
      addSample(times, START, contestant.id, session.startTime);
      await session.stop();
    }
    if (hello !== undefined) addSample(times, START, "hello", await timeToEnd(hello));
  }
  for (const [id, all] of Object.entries(times[START] ?? {})) {
    addSample(samples, START, id, median(all));
  }
}

async function measureStages(
  samples: Samples,
  order: readonly Contestant[],
  stages: readonly Stage[],
  { load }: RoundsOptions,
): Promise<void> {
  const sessions = new Map<string, Session>();
  for (const contestant of order) sessions.set(contestant.id, await Session.start(contestant));
  for (const stage of stages) {
    for (const [id, session] of sessions) {
      await pause();
      const before = session.cpuTime();
      const { amount, seconds } = await session.run(
        stage.name,
        ({ connection }) => stage.run(connection, load),
      );
      const cpuSeconds = (session.cpuTime() - before) / 1e9;
      addSample(samples, stage.id, id, amount / seconds / stage.divisor);
      if (stage.moves) addSample(samples, `cpu-${stage.id}`, id, cpuSeconds * GIB / amount);
    }
  }
  for (const [id, session] of sessions) {
    addSample(samples, "peak", id, session.memory("peak"));
    await session.stop();
  }
}
