/**
 * Whether cost grows only as the work does: the same session does a little, then much.
 *
 * @module
 */

import type { Contestant } from "./contestants.ts";
import { addSample, type Samples } from "./samples.ts";
import { rateOf, Session } from "./session.ts";
import { type Load, STAGES } from "./stages.ts";

/** The stages that are run both ways. */
export const GROWTH_STAGES: readonly string[] = ["r32", "r255", "w32", "w255", "sp", "rd"];

const STAGES_BOTH_WAYS = STAGES.filter(({ id }) => GROWTH_STAGES.includes(id));

/** How much more bytes, entries and requests the large run has. */
export const GROWTH = { bytes: 8, entries: 10, requests: 10 } as const;

/** A little work and much of it. */
export interface GrowthOptions {
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly small: Load;
  readonly large: Load;
  readonly pause: () => Promise<void>;
  readonly progress: (text: string) => void;
}

/**
 * Adds, for each stage, how fast the large run is as a multiple of the small one, and the same for
 * the most memory that was resident.
 */
export async function measureGrowth(samples: Samples, options: GrowthOptions): Promise<void> {
  const { contestants, rounds, small, large, pause, progress } = options;
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      progress(`growth, round ${round + 1} of ${rounds}: ${contestant.name}`);
      const { id } = contestant;
      const session = new Session(contestant);
      const little = await runAll(session, small, pause);
      const much = await runAll(session, large, pause);
      await session.stop();
      for (const [index, stage] of STAGES_BOTH_WAYS.entries()) {
        const figure = much.rates[index]! / little.rates[index]!;
        addSample(samples, { metric: `growth-${stage.id}`, id }, figure);
      }
      addSample(samples, { metric: "growth-peak", id }, much.peak / little.peak);
    }
  }
}

/** Runs every stage, and tells the most memory that was resident until then. */
async function runAll(
  session: Session,
  load: Load,
  pause: () => Promise<void>,
): Promise<{ readonly rates: readonly number[]; readonly peak: number }> {
  const rates: number[] = [];
  for (const stage of STAGES_BOTH_WAYS) {
    await pause();
    rates.push(rateOf(stage, session.run(stage, load)));
  }
  return { rates, peak: session.server.peakMemory() };
}
