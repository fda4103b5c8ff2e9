/**
 * The comparison: every contestant does every stage, in turn, round after round.
 *
 * @module
 */

import type { BenchOptions } from "./options.ts";
import { addSample, median } from "./report.ts";
import { pause, type Program, Session, stopSessions, timeToEnd, turns } from "./session.ts";
import { type Load, type Stage, STAGES } from "./stages.ts";
import type { Metric, Samples } from "./subject.ts";

const GIB = 2 ** 30;

/** How often each contestant is started in a round, only to measure its start. */
const STARTS = 5;

/** The id of the start among the stages. */
const START = "start";

/** A server that is compared; its id is as in `--only`. */
export interface Contestant extends Program {
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
  { contestants, hello, load }: RoundsOptions,
): Promise<void> {
  const stages = STAGES.filter(({ id }) => ids.includes(id));
  // Lets V8 compile the load generator before it counts.
  const little = { bytes: load.bytes / 8, stats: 2000, piped: 10_000, opens: 500 };
  if (stages.length > 0) await measureStages({}, contestants.slice(0, 1), stages, little);
  for await (const order of turns(rounds, contestants)) {
    if (ids.includes(START)) await measureStarts(samples, order, hello);
    if (stages.length > 0) await measureStages(samples, order, stages, load);
  }
}

async function measureStarts(
  samples: Samples,
  order: readonly Contestant[],
  hello: Program | undefined,
): Promise<void> {
  const times: Record<string, number[]> = {};
  for (let count = 0; count < STARTS; count++) {
    for (const contestant of order) {
      const session = await Session.start(contestant);
      (times[contestant.id] ??= []).push(session.startTime);
      await session.stop();
    }
    if (hello !== undefined) (times.hello ??= []).push(await timeToEnd(hello));
  }
  for (const [id, all] of Object.entries(times)) addSample(samples, START, id, median(all));
}

async function measureStages(
  samples: Samples,
  order: readonly Contestant[],
  stages: readonly Stage[],
  load: Load,
): Promise<void> {
  const sessions = new Map<string, Session>();
  for (const contestant of order) sessions.set(contestant.id, await Session.start(contestant));
  for (const stage of stages) {
    for (const [id, session] of sessions) {
      await pause();
      const before = session.cpuTime();
      const { amount, seconds } = await session.run(stage.name, (to) => stage.run(to, load));
      const cpuSeconds = (session.cpuTime() - before) / 1e9;
      addSample(samples, stage.id, id, amount / seconds / stage.divisor);
      if (stage.moves) addSample(samples, `cpu-${stage.id}`, id, cpuSeconds * GIB / amount);
    }
  }
  for (const [id, session] of sessions) addSample(samples, "peak", id, session.memory("peak"));
  await stopSessions(sessions.values());
}
