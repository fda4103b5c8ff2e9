import { assertEquals } from "@std/assert";
import { DEEDS, killIn } from "../storage/gridfs/support/kills.ts";
import { needsMongo } from "../support/mongodb.ts";

const KILLS = 200;

for (const [index, deed] of DEEDS.entries()) {
  Deno.test({
    name: `sessions that are killed at ${KILLS} moments of ${deed.name} leave the old or the new`,
    ...needsMongo(),
    async fn(context) {
      const { before, after, told } = await killIn(deed, { kills: KILLS, seed: index + 1 });
      // The figures are names of steps, so that a run shows them.
      await context.step(`${before} old, ${after} new, of which ${told} were told`, () => {});
      assertEquals(before + after, KILLS);
    },
  });
}
