import { assertEquals } from "@std/assert";
import { killSessions } from "./kills.ts";

const KILLS = 20;

Deno.test(`${KILLS} sessions that are killed leave whole files, and nothing for long`, async () => {
  const { done, halves } = await killSessions(KILLS, 1);
  assertEquals([done > 0, halves > 0], [true, true]);
});
