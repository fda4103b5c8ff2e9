/**
 * The suite that every storage runs: what `lib/storage/storage.ts` promises,
 * and nothing that it does not.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { MaybePromise, Storage } from "../../lib/storage/storage.ts";
import { attributes } from "./conformance/attributes.ts";
import type { Case, Group } from "./conformance/case.ts";
import { content } from "./conformance/content.ts";
import { copying, figures, hardLinks, linkAttributes } from "./conformance/extensions.ts";
import { directories } from "./conformance/directories.ts";
import { links } from "./conformance/links.ts";
import { listing } from "./conformance/listing.ts";
import { names, rawNames, refusedRawNames } from "./conformance/names.ts";
import { opening } from "./conformance/opening.ts";
import { parents, paths } from "./conformance/paths.ts";
import { posixRenaming, renaming } from "./conformance/renaming.ts";
import { Subject } from "./conformance/subject.ts";

/** A storage for one test, empty and writable. */
export interface Fixture {
  readonly storage: Storage;
  /** Failures tell POSIX's reasons ("file exists"), which are then tested as well. */
  readonly tellsReasons?: boolean;
  /** Takes away what the storage stood on, after it is closed. */
  dispose?(): MaybePromise<void>;
}

/** Tests that a storage does not run. */
export interface Skip {
  /** Why, for the reader of the report. */
  readonly reason: string;
  /** Names of tests, without their group, or of whole groups. */
  readonly tests: readonly string[];
}

const GROUPS: readonly Group[] = [
  opening,
  content,
  attributes,
  directories,
  listing,
  links,
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
];

/** Runs every test as a step of `t`, each on a storage of its own. */
export async function conformance(
  t: Deno.TestContext,
  makeStorage: () => MaybePromise<Fixture>,
  skips: readonly Skip[] = [],
): Promise<void> {
  refuseUnknownNames(skips);
  const offered = await offers(makeStorage);
  for (const group of GROUPS) {
    for (const test of group.cases) {
      const reason = reasonToSkip({ group, test, skips, offered });
      await t.step({
        name: `${group.name}: ${test.name}` + (reason === undefined ? "" : ` (${reason})`),
        ignore: reason !== undefined,
        fn: () => runOne(test, makeStorage),
      });
    }
  }
}

async function runOne(test: Case, makeStorage: () => MaybePromise<Fixture>): Promise<void> {
  const fixture = await makeStorage();
  try {
    await test.run(new Subject(fixture.storage, fixture.tellsReasons ?? false));
  } finally {
    await fixture.storage.close();
    await fixture.dispose?.();
  }
}

/** What the storage has of what it may leave out. */
async function offers(makeStorage: () => MaybePromise<Fixture>): Promise<ReadonlySet<string>> {
  const { storage, dispose } = await makeStorage();
  const extensions = Object.entries(storage.extensions)
    .filter(([, method]) => method !== undefined)
    .map(([name]) => name);
  await storage.close();
  await dispose?.();
  return new Set(storage.resolvesParents ? [...extensions, "resolvesParents"] : extensions);
}

function reasonToSkip({ group, test, skips, offered }: {
  readonly group: Group;
  readonly test: Case;
  readonly skips: readonly Skip[];
  readonly offered: ReadonlySet<string>;
}): string | undefined {
  const skip = skips.find(({ tests }) => tests.includes(test.name) || tests.includes(group.name));
  if (skip !== undefined) return `skipped: ${skip.reason}`;
  const missing = [...group.needs ?? [], ...test.needs ?? []].find((need) => !offered.has(need));
  if (missing !== undefined) return `skipped: ${missing} is not offered`;
  const { insteadOf } = group;
  if (insteadOf !== undefined && !skips.some(({ tests }) => tests.includes(insteadOf))) {
    return `skipped: "${insteadOf}" runs`;
  }
  return undefined;
}

/** A skip that names nothing would go on hiding nothing for ever. */
function refuseUnknownNames(skips: readonly Skip[]): void {
  const known = new Set(
    GROUPS.flatMap(({ name, cases }) => [name, ...cases.map((test) => test.name)]),
  );
  for (const name of skips.flatMap(({ tests }) => tests)) {
    assert(known.has(name), `No test and no group is called "${name}"`);
  }
}
