import { assert } from "@std/assert";
import type { MaybePromise, Storage } from "../storage/storage.ts";
import type { Case, Group } from "./case.ts";
import { attributes } from "./groups/attributes.ts";
import { content } from "./groups/content.ts";
import { directories } from "./groups/directories.ts";
import { copying, figures, hardLinks, linkAttributes } from "./groups/extensions.ts";
import { links, noLinks, refusedLinks } from "./groups/links.ts";
import { listing } from "./groups/listing.ts";
import { names, rawNames, refusedRawNames } from "./groups/names.ts";
import { opening } from "./groups/opening.ts";
import { parents, paths } from "./groups/paths.ts";
import { refusedWriting } from "./groups/refused_writing.ts";
import { posixRenaming, renaming } from "./groups/renaming.ts";
import { Subject } from "./subject.ts";
import type { Tree } from "./tree.ts";
import { GivenUp, type Limits, Watch } from "./watched.ts";

/** A storage for one test. */
export interface Fixture {
  /** Holds the tree that was asked for, and nothing else. The test closes it. */
  readonly storage: Storage;
  /** Whether failures carry POSIX's reasons ("file exists"), which are then tested as well. */
  readonly tellsReasons?: boolean;
  /** Removes what the storage was built on, after it is closed. */
  dispose?(): MaybePromise<void>;
}

/**
 * Makes a storage for one test.
 *
 * @param tree What it must hold: always nothing, `{}`, for a storage that can write, which the test
 * then fills by itself; for one that skips `writing`, what the test expects to find there.
 */
export type MakeStorage = (tree: Tree) => MaybePromise<Fixture>;

/** Tests that a storage does not run. */
export interface Skip {
  /** The reason, for the reader of the report. */
  readonly reason: string;
  /**
   * What is skipped: the name of a test, without its group; that of a whole group; or `writing` or
   * `links`, for all tests that need it. If `writing`, `links` or `raw names` is skipped, the tests
   * of its refusal run instead.
   */
  readonly tests: readonly string[];
}

const GROUPS: readonly Group[] = [
  opening,
  content,
  attributes,
  directories,
  listing,
  links,
  noLinks,
  refusedLinks,
  paths,
  parents,
  renaming,
  names,
  rawNames,
  refusedRawNames,
  posixRenaming,
  hardLinks,
  linkAttributes,
  figures,
  copying,
  refusedWriting,
];

/** The ability that every test without a tree needs. */
const WRITING = "writing";

/** A test, with everything that decides whether it runs. */
interface Entry {
  readonly name: string;
  readonly test: Case;
  /** The test's name in the report. */
  readonly title: string;
  readonly group: Group;
  readonly needs: readonly string[];
}

const ENTRIES: readonly Entry[] = GROUPS.flatMap((group) =>
  Object.entries(group.cases).map(([name, one]) => {
    const test: Case = typeof one === "function" ? { run: one } : one;
    const { needs = [], tree } = test;
    return {
      name,
      test,
      title: `${group.name}: ${name}`,
      group,
      needs: [...group.needs ?? [], ...needs, ...tree === undefined ? [WRITING] : []],
    };
  })
);

/**
 * Tests that a storage keeps the promises of {@linkcode Storage}: about 200 tests, each a step of
 * `t` on a storage of its own. Extensions that a storage leaves out are not tested.
 *
 * A skip gives its reason. A skip that is not needed, because everything that it names passes,
 * fails: so no skip outlives its reason.
 *
 * @param t The context of the `Deno.test` in which this is called.
 * @param makeStorage Makes a storage for one test.
 * @param skips The tests to leave out.
 * @param limits How long to wait: by default 20 seconds for each call, and two minutes for each
 * test. If a storage does not answer, three tests fail this way, and no more are run.
 * @throws {AssertionError} If a skip names something that is not a test, a group or an ability.
 *
 * @example A storage in memory
 * ```ts
 * import { MemoryStorage } from "@sftpwrap/sftpwrap";
 * import { conformance } from "@sftpwrap/sftpwrap/testing";
 *
 * Deno.test("MemoryStorage keeps the promises of a storage", async (t) => {
 *   await conformance(t, () => ({ storage: new MemoryStorage() }));
 * });
 * ```
 */
export async function conformance(
  t: Deno.TestContext,
  makeStorage: MakeStorage,
  skips: readonly Skip[] = [],
  limits: Limits = {},
): Promise<void> {
  refuseUnknownNames(skips);
  const offered = await offers(makeStorage, limits);
  const suite: Suite = { skips, makeStorage, offered, limits, givenUp: 0 };
  for (const entry of ENTRIES) {
    const reason = reasonToSkip(entry, suite);
    await t.step({
      name: entry.title + (reason === undefined ? "" : ` (skipped: ${reason})`),
      ignore: reason !== undefined,
      fn: () => runOne(entry, suite),
    });
  }
  for (const name of new Set(skips.flatMap(({ tests }) => tests))) {
    await t.step(`the skip "${name}" is needed`, () => assertNeeded(name, suite));
  }
}

/** What one storage runs. */
interface Suite {
  readonly makeStorage: MakeStorage;
  readonly skips: readonly Skip[];
  /** What it offers of what a storage may leave out. */
  readonly offered: ReadonlySet<string>;
  readonly limits: Limits;
  /** How many tests were given up so far. */
  givenUp: number;
}

/** How many tests may be given up; each takes as long as a limit. */
const MAX_GIVEN_UP = 3;

async function runOne(entry: Entry, suite: Suite): Promise<void> {
  if (suite.givenUp >= MAX_GIVEN_UP) {
    throw new Error(`not run: ${MAX_GIVEN_UP} tests before it were given up`);
  }
  try {
    await runWatched(entry, suite);
  } catch (error) {
    if (error instanceof GivenUp) suite.givenUp++;
    throw error;
  }
}

async function runWatched({ test }: Entry, suite: Suite): Promise<void> {
  const { makeStorage, skips, limits } = suite;
  const { tree = {} } = test;
  const writes = skipOf(WRITING, skips) === undefined;
  const fixture = await new Watch(limits).settled(
    "makeStorage()",
    () => makeStorage(writes ? {} : tree),
  );
  const watch = new Watch(limits);
  let failure: { readonly error: unknown } | undefined;
  try {
    const subject = new Subject(watch.storage(fixture.storage), fixture.tellsReasons ?? false);
    await watch.bounded(async () => {
      if (writes) await subject.fill(tree);
      await test.run(subject);
    });
  } catch (error) {
    failure = { error };
  }
  try {
    await ended(fixture, limits);
  } catch (error) {
    // The test's own failure says more.
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
}

/** Closes a storage, and removes what it was built on. */
async function ended(fixture: Fixture, limits: Limits): Promise<void> {
  const watch = new Watch(limits);
  try {
    await watch.settled("close() of the storage", () => fixture.storage.close());
  } finally {
    await watch.settled("dispose()", () => fixture.dispose?.());
  }
}

async function offers(makeStorage: MakeStorage, limits: Limits): Promise<ReadonlySet<string>> {
  const fixture = await new Watch(limits).settled("makeStorage()", () => makeStorage({}));
  const { storage } = fixture;
  const extensions = Object.entries(storage.extensions)
    .filter(([, method]) => method !== undefined)
    .map(([name]) => name);
  await ended(fixture, limits);
  return new Set([
    WRITING,
    "links",
    ...extensions,
    ...storage.resolvesParents ? ["resolvesParents"] : [],
  ]);
}

function reasonToSkip(entry: Entry, { skips, offered }: Suite): string | undefined {
  const { group, needs } = entry;
  const skip = skips.find(({ tests }) => tests.some((name) => isCalled(entry, name)));
  if (skip !== undefined) return skip.reason;
  const missing = needs.find((need) => !offered.has(need));
  if (missing !== undefined) return `${missing} is not offered`;
  const { insteadOf } = group;
  if (insteadOf !== undefined && skipOf(insteadOf, skips) === undefined) {
    return `"${insteadOf}" runs`;
  }
  return undefined;
}

/** Whether a skip's name covers a test. */
function isCalled({ name: own, group, needs }: Entry, name: string): boolean {
  return name === own || name === group.name || needs.includes(name);
}

function skipOf(name: string, skips: readonly Skip[]): Skip | undefined {
  return skips.find(({ tests }) => tests.includes(name));
}

/** A skip that names nothing would stay forever and hide nothing. */
function refuseUnknownNames(skips: readonly Skip[]): void {
  for (const name of skips.flatMap(({ tests }) => tests)) {
    const isKnown = ENTRIES.some((entry) => isCalled(entry, name));
    assert(isKnown, `No test and no group is called "${name}"`);
  }
}

/** Nor may a skip stay whose tests all pass: at least one of them must fail. */
async function assertNeeded(name: string, suite: Suite): Promise<void> {
  const covered = ENTRIES.filter((entry) => isCalled(entry, name))
    // Tests of a refusal fail if nothing is refused.
    .filter(({ group }) => group.insteadOf === undefined)
    .filter(({ needs }) => needs.every((need) => suite.offered.has(need)));
  for (const entry of covered) {
    if (await fails(() => runOne(entry, suite))) return;
  }
  assert(covered.length === 0, `Everything passes that is skipped as "${name}"`);
}

async function fails(test: () => Promise<void>): Promise<boolean> {
  try {
    await test();
    return false;
  } catch {
    return true; // The wanted answer; its value does not matter.
  }
}
