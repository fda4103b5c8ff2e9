import { assert } from "@std/assert";
import { killSessions } from "../atomic/kills.ts";

const KILLS = 1000;

Deno.test(`${KILLS} sessions with atomic uploads that are killed leave whole files`, async (t) => {
  const { done, halves } = await killSessions(KILLS, 7);
  // The figures are names of steps, so that a run shows them.
  await t.step(`${done} names were uploaded, and ${halves} sessions left a draft`, () => {});
  assert(halves > KILLS / 2);
});
