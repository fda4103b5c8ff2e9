import { raceFor } from "./races.ts";

const ROUNDS = 40;

Deno.test("of two sessions that upload under one name, one wins, whole", async () => {
  await raceFor(ROUNDS);
});
