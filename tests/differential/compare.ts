/**
 * Every script on OpenSSH's server and on this one, and where they differ.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { withTempDir } from "../support/files.ts";
import { ask } from "../support/raw.ts";
import { ChildServer, sftpwrap } from "../support/wire_session.ts";
import { attributes } from "./cases/attributes.ts";
import { content } from "./cases/content.ts";
import { listing } from "./cases/listing.ts";
import { naming } from "./cases/naming.ts";
import { opening } from "./cases/opening.ts";
import { paths } from "./cases/paths.ts";
import { type Difference, explains, type Mismatch, type RootKind } from "./differences.ts";
import { hideOracle, layAccounts, layOracle, startOracle, ZONE } from "./oracle.ts";
import { type Case, Performance, type TimeTeller } from "./script.ts";
import { plant, survey } from "./tree.ts";

const GROUPS: Readonly<Record<string, readonly Case[]>> = {
  opening,
  content,
  attributes,
  naming,
  paths,
  listing,
};

/** So many differences are told. */
const MAX_TOLD = 100;

/** What happened since then happened "now", on both sides. */
const START = Math.floor(Date.now() / 1000) - 2;

const time: TimeTeller = (seconds) =>
  seconds >= START && seconds <= Date.now() / 1000 + 2 ? "now" : String(seconds);

/** A server on a tree of its own. */
interface Side {
  readonly server: ChildServer;
  readonly top: string;
}

/** OpenSSH's server, and this one with each of its roots. */
interface Sides {
  readonly theirs: Side;
  readonly ours: Readonly<Record<RootKind, Side>>;
}

/** How a case came out on one side. */
interface Outcome {
  /** An answer for each step; nothing where the handle that it needs was not given. */
  readonly answers: readonly (string | undefined)[];
  /** A line for each path. */
  readonly disk: ReadonlyMap<string, string>;
}

/** What is compared. */
export interface Comparison {
  /** Options of `sftpwrap jail`. */
  readonly options: readonly string[];
  /** What may differ. */
  readonly differences: readonly Difference[];
}

/** Runs every script on OpenSSH's server and on this one with both of its roots. */
export async function compareScripts(
  t: Deno.TestContext,
  { options, differences }: Comparison,
): Promise<void> {
  await withTempDir(async (directory) => {
    const sides = await startSides(directory, options);
    const needed = new Set<Difference>();
    let count = 0;
    for (const [group, cases] of Object.entries(GROUPS)) {
      await t.step(`${group}: ${cases.length} scripts`, async () => {
        const unexplained: Mismatch[] = [];
        for (const one of cases) {
          for (const mismatch of await compare(sides, one, `c${count++}`)) {
            const difference = differences.find((known) => explains(known, mismatch));
            if (difference === undefined) unexplained.push(mismatch);
            else needed.add(difference);
          }
        }
        assert(unexplained.length === 0, tellMismatches(unexplained));
      });
    }
    await t.step("every named difference is still needed", () => {
      const idle = differences.filter((known) =>
        known.dependsOn === undefined && !needed.has(known)
      );
      assertEquals(idle.map(({ name }) => name), []);
    });
    await t.step("all end by exit status 0", async () => {
      for (const { server } of [sides.theirs, ...Object.values(sides.ours)]) {
        assertEquals((await server.end()).code, 0);
      }
    });
  });
}

async function startSides(directory: string, options: readonly string[]): Promise<Sides> {
  const top = {
    theirs: `${directory}/theirs`,
    kernel: `${directory}/k`,
    portable: `${directory}/p`,
  };
  for (const each of Object.values(top)) {
    await Deno.mkdir(each);
    layAccounts(each);
  }
  layOracle(top.theirs);
  const theirs = startOracle(top.theirs, ["-l", "QUIET"]);
  await theirs.greet();
  // The first date makes it read the time zone, which is hidden with the rest.
  const opened = await theirs.ask(ask.opendir("/"));
  assert(opened.kind === "handle");
  await theirs.ask(ask.readdir(opened.handle));
  await theirs.ask(ask.close(opened.handle));
  hideOracle(top.theirs);
  const start = async (kind: RootKind): Promise<Side> => {
    const server = new ChildServer(sftpwrap(["jail", `--confine=${kind}`, ...options, top[kind]]), {
      env: { TZ: ZONE, USER: "root" },
    });
    await server.greet();
    return { server, top: top[kind] };
  };
  return {
    theirs: { server: theirs, top: top.theirs },
    ours: { kernel: await start("kernel"), portable: await start("portable") },
  };
}

/** Runs a case on all sides, and returns where they differ. */
async function compare({ theirs, ours }: Sides, one: Case, place: string): Promise<Mismatch[]> {
  const [expected, kernel, portable] = await Promise.all(
    [theirs, ours.kernel, ours.portable].map((side) => perform(side, one, place)),
  );
  return [
    ...mismatches({ root: "kernel", name: one.name }, one, [expected!, kernel!]),
    ...mismatches({ root: "portable", name: one.name }, one, [expected!, portable!]),
  ];
}

async function perform({ server, top }: Side, one: Case, place: string): Promise<Outcome> {
  plant(top, place, one.tree);
  const performance = new Performance(server, place, time);
  const answers: (string | undefined)[] = [];
  for (const wanted of one.steps) {
    answers.push(performance.can(wanted) ? await performance.do(wanted) : undefined);
  }
  await performance.finish();
  const disk = survey(`${top}/${place}`, time);
  await Deno.remove(`${top}/${place}`, { recursive: true });
  return { answers, disk };
}

function mismatches(
  about: Pick<Mismatch, "root" | "name">,
  { steps }: Case,
  [theirs, ours]: readonly [Outcome, Outcome],
): Mismatch[] {
  const found: Mismatch[] = [];
  steps.forEach(({ label }, index) => {
    const [their, our] = [theirs.answers[index], ours.answers[index]];
    // After a difference that is meant, one side may lack a handle.
    if (their === undefined || our === undefined || their === our) return;
    found.push({ ...about, step: label, theirs: their, ours: our });
  });
  for (const path of new Set([...theirs.disk.keys(), ...ours.disk.keys()])) {
    const their = theirs.disk.get(path) ?? "missing";
    const our = ours.disk.get(path) ?? "missing";
    if (their !== our) found.push({ ...about, step: `on disk: ${path}`, theirs: their, ours: our });
  }
  return found;
}

function tellMismatches(found: readonly Mismatch[]): string {
  const told = found.slice(0, MAX_TOLD).map(({ root, name, step, theirs, ours }) => {
    const [their, our] = [withoutLinesOf(theirs, ours), withoutLinesOf(ours, theirs)];
    return `${name} (${root} root)\n  ${step}\n    OpenSSH: ${their}\n    ours:    ${our}`;
  });
  return `${found.length} differences without a name\n${told.join("\n")}`;
}

/** What is only in the one; of a listing that would be too much to read otherwise. */
function withoutLinesOf(told: string, other: string): string {
  const others = new Set(other.split("\n"));
  return told.split("\n").filter((line) => !others.has(line)).join("\n") || "nothing more";
}
