import { assert } from "@std/assert";
import { killSessions } from "../atomic/kills.ts";
import { raceFor } from "../atomic/races.ts";

const KILLS = 1000;

Deno.test(`${KILLS} sessions with atomic uploads that are killed leave whole files`, async (t) => {
  const { done, halves } = await killSessions(KILLS, 7);
  // The figures are names of steps, so that a run shows them.
  await t.step(`${done} names were uploaded, and ${halves} sessions left a draft`, () => {});
  assert(halves > KILLS / 2);
});

const ROUNDS = 1000;

Deno.test(`in ${ROUNDS} races for one name, one of two uploads wins, whole`, async (t) => {
  const { replaced, exclusive } = await raceFor(ROUNDS);
  const what = `${replaced} of the replaced and ${exclusive} of the new names`;
  await t.step(`the second session won ${what}`, () => {});
});
