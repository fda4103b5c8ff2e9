import { assertEquals } from "@std/assert";
import { DEEDS, killIn } from "./support/kills.ts";
import { needsMongo } from "../../support/mongodb.ts";

/** The first one comes after everything is done. */
const KILLS = 3;

for (const deed of DEEDS) {
  Deno.test({
    name: `a session that is killed in ${deed.name} leaves all of the old or of the new`,
    ...needsMongo(),
    async fn() {
      const { before, after } = await killIn(deed, { kills: KILLS, seed: 7 });
      assertEquals(before + after, KILLS);
    },
  });
}
