import { assert, assertEquals } from "@std/assert";
import type { Site } from "../support/jail_fixture.ts";
import { hasMetBoth, race, type RaceResult } from "../support/jail_race.ts";
import { scopedFlags } from "../support/jail_ways.ts";
import { sftpwrap } from "../support/wire_session.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

const ATTEMPTS = 50_000;

function told({ counts, swaps }: RaceResult): string[] {
  const lines = counts.map(({ operation, attempts, escapes, reached }) =>
    `${operation}: ${escapes} of ${attempts} got out (${reached} stayed in)`
  );
  return [...lines, `${swaps} swaps`];
}

/** The figures are names of steps, so that a run shows them. */
async function show(context: Deno.TestContext, result: RaceResult): Promise<void> {
  for (const line of told(result)) await context.step(line, () => {});
}

Deno.test({
  name: `kernel root: nothing of ${ATTEMPTS} requests of each kind gets out by a race`,
  ...LINUX,
  async fn(context) {
    const command = ({ jail }: Site) => sftpwrap(["jail", "--confine=kernel", jail]);
    const result = await race(command, { attempts: ATTEMPTS });
    await show(context, result);
    for (const count of result.counts) {
      assertEquals([count.attempts, count.escapes], [ATTEMPTS, 0], count.operation);
      assert(hasMetBoth(count), `${count.operation}: the race was none`);
    }
  },
});

Deno.test({
  name: `portable root: how many of ${ATTEMPTS} requests of each kind get out by a race`,
  ...LINUX,
  async fn(context) {
    const command = ({ jail }: Site) =>
      sftpwrap(["jail", "--confine=portable", jail], scopedFlags(jail));
    const result = await race(command, { attempts: ATTEMPTS });
    await show(context, result);
    for (const { operation, attempts } of result.counts) {
      assertEquals(attempts, ATTEMPTS, operation);
    }
  },
});
