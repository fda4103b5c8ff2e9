/**
 * A race against a root: while another thread swaps a directory in the jail for
 * a link out of it, every sort of operation goes through that name.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Root } from "../../../lib/storage/local/root.ts";
import { withTempDir } from "../../support/files.ts";
import { how } from "../../../lib/testing/subject.ts";
import { CANARY_SIZE, entriesOf, failure, fillOutside, type Places, put, using } from "./places.ts";

/** Words of the memory that both threads share. */
export const RaceWord = {
  /** Set to end the swapping. */
  STOP: 0,
  /** How often the two names were swapped. */
  SWAPS: 1,
} as const;

/** What the other thread is to swap. */
export interface SwapOrder {
  readonly one: string;
  readonly other: string;
  readonly shared: SharedArrayBuffer;
}

/** How a race ended. */
export interface RaceResult {
  /** How often each operation got out. */
  readonly escapes: Readonly<Record<string, number>>;
  /** How often each operation did what it was to do, inside. */
  readonly successes: Readonly<Record<string, number>>;
}

/** The fewest swaps beside one operation that make it a race; it has to come through as well. */
const FEWEST_SWAPS = 50;
const MOST_ROUNDS = 5_000_000;

/** One operation of a race: it goes through `/spin/dir`, and tells whether it got out. */
interface Contest {
  readonly name: string;
  /** Does it once. Throws a StorageError where the link was in the way; tells of what it saw. */
  act(root: Root): boolean | void;
  /** Whether something outside is not as it was, which is mended. */
  changed?(outside: string): boolean;
}

const CONTESTS: readonly Contest[] = [
  { name: "stat", act: (root) => root.stat("/spin/dir/canary").size === CANARY_SIZE },
  {
    name: "stat beside ..",
    act: (root) => root.stat("/spin/dir/dir/../canary").size === CANARY_SIZE,
  },
  {
    name: "open",
    act: (root) =>
      using(root.open("/spin/dir/canary", how("read"), 0), (file) => {
        const bytes = new Uint8Array(1);
        return file.read(bytes, 0) === 1 && bytes[0] === 0x63;
      }),
  },
  {
    name: "list",
    act: (root) => entriesOf(root.openDir("/spin/dir")).some(({ name }) => name === "empty"),
  },
  {
    name: "create",
    act: (root) => root.open("/spin/dir/new", how("write", "create"), 0o600).close(),
    changed: (outside) => isGone(() => Deno.removeSync(`${outside}/new`)) === false,
  },
  {
    name: "mkdir",
    act(root) {
      failure(() => root.rmdir("/spin/dir/made"));
      root.mkdir("/spin/dir/made", 0o700);
    },
    changed: (outside) => isGone(() => Deno.removeSync(`${outside}/made`)) === false,
  },
  {
    name: "rename in",
    act(root) {
      put(root, "/moving");
      root.rename("/moving", "/spin/dir/moved");
    },
    changed: (outside) => isGone(() => Deno.removeSync(`${outside}/moved`)) === false,
  },
  {
    name: "rename out",
    act(root) {
      failure(() => put(root, "/spin/dir/victim"));
      root.rename("/spin/dir/victim", "/taken");
    },
    changed: remakeVictim,
  },
  {
    name: "remove",
    act(root) {
      failure(() => put(root, "/spin/dir/victim"));
      root.unlink("/spin/dir/victim");
    },
    changed: remakeVictim,
  },
  {
    name: "chmod",
    act: (root) => root.chmod("/spin/dir/canary", 0o777),
    changed(outside) {
      if ((Deno.lstatSync(`${outside}/canary`).mode! & 0o777) === 0o640) return false;
      Deno.chmodSync(`${outside}/canary`, 0o640);
      return true;
    },
  },
];

/** How long to race. */
export interface RaceOptions {
  /** How often each operation runs, at least: the other thread is to have its turns too. */
  readonly rounds: number;
  /** Go on until each operation has got out; else until each has come through inside. */
  readonly lost?: boolean;
}

/** Runs each operation again and again while the other thread swaps. */
export async function race(
  openRoot: (directory: string) => Root,
  options: RaceOptions,
): Promise<RaceResult> {
  return await withTempDir(async (base) => {
    const places = { base, jail: `${base}/jail`, outside: `${base}/outside` };
    makeField(places);
    const root = openRoot(places.jail);
    try {
      return await withSwaps(places, (swaps) => contest(root, places, { ...options, swaps }));
    } finally {
      root.close();
    }
  });
}

function makeField({ jail, outside }: Places): void {
  fillOutside(outside);
  Deno.writeTextFileSync(`${outside}/victim`, "");
  Deno.mkdirSync(`${jail}/spin/dir/dir`, { recursive: true });
  Deno.writeTextFileSync(`${jail}/spin/dir/canary`, "x");
  Deno.symlinkSync(outside, `${jail}/spin/link`);
}

/** Swaps `/spin/dir` for the link while `use` runs. */
async function withSwaps<T>({ jail }: Places, use: (swaps: () => number) => T): Promise<T> {
  const shared = new SharedArrayBuffer(8);
  const words = new Int32Array(shared);
  const worker = new Worker(new URL("race_worker.ts", import.meta.url), { type: "module" });
  const stopped = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => reject(new Error(event.message));
  });
  const order: SwapOrder = { one: `${jail}/spin/dir`, other: `${jail}/spin/link`, shared };
  worker.postMessage(order);
  try {
    while (Atomics.load(words, RaceWord.SWAPS) === 0) {
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 5))]);
    }
    return use(() => Atomics.load(words, RaceWord.SWAPS));
  } finally {
    Atomics.store(words, RaceWord.STOP, 1);
    await stopped;
    worker.terminate();
  }
}

function contest(
  root: Root,
  { outside }: Places,
  { rounds, lost = false, swaps }: RaceOptions & { swaps: () => number },
): RaceResult {
  const escapes: Record<string, number> = {};
  const successes: Record<string, number> = {};
  for (const { name, act, changed } of CONTESTS) {
    let out = 0;
    let inside = 0;
    const before = swaps();
    const isRace = () => swaps() - before >= FEWEST_SWAPS && (lost ? out : inside) > 0;
    for (let round = 0; round < rounds || !isRace(); round++) {
      assert(round < MOST_ROUNDS, `${name} and the swaps do not meet`);
      const { done, saw } = once(act, root);
      if (done) inside++;
      if (changed?.(outside) || saw) out++;
    }
    escapes[name] = out;
    successes[name] = inside;
  }
  return { escapes, successes };
}

function once(act: Contest["act"], root: Root): { done: boolean; saw: boolean } {
  let saw: boolean | void = undefined;
  const done = failure(() => saw = act(root)) === undefined;
  return { done, saw: saw ?? false };
}

function remakeVictim(outside: string): boolean {
  if (!isGone(() => Deno.lstatSync(`${outside}/victim`))) return false;
  Deno.writeTextFileSync(`${outside}/victim`, "");
  return true;
}

/** Whether an action finds nothing there. */
function isGone(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
