/**
 * The comparison: every contestant does every stage, in turn, round after round.
 *
 * @module
 */

import { ReplyError } from "./connection.ts";
import { type Contestant, type Field, REFERENCE } from "./contestants.ts";
import { addSample, type Samples } from "./samples.ts";
import { Server } from "./server.ts";
import { rateOf, Session, shareOf } from "./session.ts";
import type { Load, Stage } from "./stages.ts";
import { type Figure, median } from "./statistics.ts";

const GIB = 2 ** 30;

/** How often each contestant is started in a round, only to see how long that takes. */
const STARTS = 5;

/** The part of a stage that is enough for V8 to see what is called often. */
const WARM_UP_SHARE = 1 / 8;

/** What to compare, and how often. */
export interface RoundsOptions {
  readonly field: Field;
  readonly stages: readonly Stage[];
  /** Whether to measure the start too. */
  readonly starts: boolean;
  readonly rounds: number;
  readonly load: Load;
  /** Called between the parts of the work; throws to end it. */
  readonly pause: () => Promise<void>;
  /** Told what is being done. */
  readonly progress: (text: string) => void;
}

/** Runs the rounds, and adds what they give to the samples. */
export async function runRounds(samples: Samples, options: RoundsOptions): Promise<void> {
  const { field, rounds, starts, stages } = options;
  if (!starts && stages.length === 0) return;
  // What a server has refused once it is not asked for again.
  const refused = new Set<string>();
  if (stages.length > 0) await warmUp(options);
  for (let round = 0; round < rounds; round++) {
    options.progress(`round ${round + 1} of ${rounds}`);
    // Nobody is always the first.
    const order = field.contestants.map((_, index, all) => all[(index + round) % all.length]!);
    if (starts) await measureStarts(samples, order, options);
    if (stages.length > 0) await measureStages(samples, order, { ...options, refused });
  }
}

/** Lets V8 compile the load generator before it counts. */
async function warmUp(options: RoundsOptions): Promise<void> {
  const [first] = options.field.contestants;
  if (first === undefined) return;
  const session = new Session({ ...first, share: first.share * WARM_UP_SHARE });
  for (const stage of options.stages) {
    await options.pause();
    if (attempt(session, stage, options) === undefined) break;
  }
  await session.stop();
}

async function measureStarts(
  samples: Samples,
  order: readonly Contestant[],
  { field: { hello }, pause }: RoundsOptions,
): Promise<void> {
  const times = new Map<string, number[]>();
  function keep(id: string, time: number): void {
    times.set(id, [...times.get(id) ?? [], time]);
  }
  for (let count = 0; count < STARTS; count++) {
    for (const contestant of order) {
      await pause();
      const session = new Session(contestant);
      keep(contestant.id, session.startTime);
      await session.stop();
    }
    if (hello === undefined) continue;
    const start = performance.now();
    new Server(hello).wait();
    keep("hello", performance.now() - start);
  }
  for (const [id, all] of times) addSample(samples, { metric: "start", id }, median(all));
}

async function measureStages(
  samples: Samples,
  order: readonly Contestant[],
  options: RoundsOptions & { readonly refused: Set<string> },
): Promise<void> {
  const sessions = order.map((contestant) => new Session(contestant));
  try {
    for (const stage of options.stages) {
      for (const [place, session] of sessions.entries()) {
        await options.pause();
        const { id } = session.contestant;
        const key = `${id} ${stage.id}`;
        const figures = options.refused.has(key) ? undefined : attempt(session, stage, options);
        if (figures === undefined && !options.refused.has(key)) {
          options.refused.add(key);
          // Replies may still be on their way: the next stage gets a session of its own.
          await session.stop();
          sessions[place] = new Session(session.contestant);
        }
        addSample(samples, { metric: stage.id, id }, figures?.rate ?? null);
        if (stage.moves) {
          addSample(samples, { metric: `cpu-${stage.id}`, id }, figures?.cpuPerGib ?? null);
        }
      }
    }
    for (const { contestant: { id }, server } of sessions) {
      addSample(samples, { metric: "peak", id }, server.peakMemory());
    }
  } finally {
    for (const session of sessions) await session.stop();
  }
}

/** Runs a stage; undefined where the server refuses it. Nothing that OpenSSH does is refused. */
function attempt(
  session: Session,
  stage: Stage,
  { load, progress }: RoundsOptions,
): { readonly rate: number; readonly cpuPerGib: Figure } | undefined {
  const { contestant } = session;
  try {
    const outcome = session.run(stage, shareOf(load, contestant.share));
    const cpuPerGib = stage.moves ? outcome.cpu * GIB / outcome.amount : null;
    return { rate: rateOf(stage, outcome), cpuPerGib };
  } catch (error) {
    if (!(error instanceof ReplyError) || contestant.id === REFERENCE) throw error;
    progress(error.message);
    return undefined;
  }
}
