import { type Contestant, type Field, prepareField } from "./contestants.ts";
import { GROWTH, measureGrowth } from "./growth.ts";
import { measureIdle } from "./idle.ts";
import { describeMachine } from "./machine.ts";
import { type BenchOptions, START } from "./options.ts";
import type { Report } from "./report.ts";
import { runRounds } from "./rounds.ts";
import type { Samples } from "./samples.ts";
import { stopServers } from "./server.ts";
import { type Load, STAGES } from "./stages.ts";
import { measureThroughSshd } from "./through_sshd.ts";
import { fillWorkspace, makeMany, makeWorkspace, type Workspace } from "./workspace.ts";

const MIB = 2 ** 20;

/** Room beside the files that are read and written, for directories. */
const SPARE = 128 * MIB;

/** Large runs take long and say the same each time. */
const MOST_GROWTH_ROUNDS = 3;

/** The work of one stage in one round, beside the size of the file. */
const WORK = { stats: 20_000, pipelinedStats: 100_000, opens: 5000, entries: 10_000 } as const;

/** How to tell what happens, and how to be ended. */
export interface Manners {
  /** Called between the parts of the work; throws to end it. */
  readonly pause: () => Promise<void>;
  /** Told what is being done. */
  readonly progress: (text: string) => void;
}

/** What a part of the measuring is given. */
interface Part {
  readonly options: BenchOptions;
  readonly workspace: Workspace;
  readonly field: Field;
  readonly load: Load;
  readonly manners: Manners;
}

/**
 * Measures all that was asked for, and leaves neither files nor processes behind.
 *
 * @throws {RangeError} If there is no place for it.
 */
export async function measure(options: BenchOptions, manners: Manners): Promise<Report> {
  const bytes = options.size * MIB;
  const workspace = await makeWorkspace({ parent: options.dir, needed: neededBytes(options) });
  const { directory, inMemory } = workspace;
  const build = await Deno.makeTempDir({ prefix: "sftpwrap_bench_build_" });
  try {
    const machine = await describeMachine();
    manners.progress("preparing");
    const field = await prepareField({ ...options, directory, build });
    await manners.pause();
    fillWorkspace(directory, largestBytes(options));
    const load: Load = { ...WORK, bytes, directory: makeMany(directory, WORK.entries) };
    const samples: Samples = {};
    await measureParts(samples, { options, workspace, field, load, manners });
    return {
      machine,
      settings: { rounds: options.rounds, size: options.size, inMemory },
      contestants: field.contestants.map(({ id, name }) => ({ id, name })),
      samples,
      notes: [...field.notes, ...inMemory ? [] : [`${directory} is not in memory`]],
    };
  } finally {
    await stopServers();
    await workspace.remove();
    await Deno.remove(build, { recursive: true });
  }
}

async function measureParts(samples: Samples, part: Part): Promise<void> {
  const { options, workspace: { directory }, field, load, manners } = part;
  const { rounds } = options;
  // The further parts are about this program; rclone would take minutes in each.
  const contestants = field.contestants.filter(({ share }) => share === 1);
  await runRounds(samples, {
    ...manners,
    field,
    load,
    rounds,
    stages: STAGES.filter(({ id }) => options.stages.includes(id)),
    starts: options.stages.includes(START),
  });
  if (options.idle > 0) {
    await measureIdle(samples, { ...manners, contestants, count: options.idle });
  }
  if (options.sshd) {
    const bytes = 2 * load.bytes;
    await measureThroughSshd(samples, { ...manners, contestants, directory, bytes, rounds });
  }
  if (options.growth) await growth(samples, part, contestants);
}

async function growth(
  samples: Samples,
  { options, workspace: { directory }, load, manners }: Part,
  contestants: readonly Contestant[],
): Promise<void> {
  const entries = load.entries * GROWTH.entries;
  const large: Load = {
    ...load,
    bytes: largestBytes(options),
    pipelinedStats: load.pipelinedStats * GROWTH.requests,
    directory: makeMany(directory, entries),
    entries,
  };
  const rounds = Math.min(options.rounds, MOST_GROWTH_ROUNDS);
  await measureGrowth(samples, { ...manners, contestants, rounds, small: load, large });
}

/** Bytes of the largest file that is read. */
function largestBytes({ size, growth }: BenchOptions): number {
  return size * MIB * (growth ? GROWTH.bytes : 1);
}

/** Each file is read and written; through sshd a file of twice the size is in three places. */
function neededBytes(options: BenchOptions): number {
  const throughSshd = options.sshd ? 6 * options.size * MIB : 0;
  return 2 * largestBytes(options) + throughSshd + SPARE;
}
