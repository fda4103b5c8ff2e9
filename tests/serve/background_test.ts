import { assertEquals } from "@std/assert";
import { BackgroundWork } from "../../lib/serve/background.ts";
import type { Polling } from "../../lib/transport/stdio.ts";

/** Polls as if the client sent something after so many looks. */
function polling(quiet: number): Polling {
  let looks = 0;
  return { trySend: () => 0, wait: () => ({ input: ++looks > quiet }) };
}

function steps(most: number) {
  let taken = 0;
  return { step: () => ++taken < most, taken: () => taken };
}

Deno.test("work in the background stops when the client asks for something, and goes on later", () => {
  const { step, taken } = steps(10);
  const work = new BackgroundWork(step);
  work.whileQuiet(polling(3), () => true);
  assertEquals(taken(), 3);
  work.whileQuiet(polling(100), () => true);
  assertEquals(taken(), 10);
  work.whileQuiet(polling(100), () => true);
  assertEquals(taken(), 10);
});

Deno.test("work in the background stops when the time of the session is over", () => {
  const { step, taken } = steps(10);
  const work = new BackgroundWork(step);
  work.whileQuiet(polling(100), () => taken() < 2);
  assertEquals(taken(), 2);
});

Deno.test("without polling, nothing is done in the background", () => {
  const { step, taken } = steps(10);
  new BackgroundWork(step).whileQuiet(undefined, () => true);
  assertEquals(taken(), 0);
});

Deno.test("steps that are promises are awaited", async () => {
  const { step, taken } = steps(4);
  const work = new BackgroundWork(() => Promise.resolve().then(step));
  await work.whileQuiet(polling(100), () => true);
  assertEquals(taken(), 4);
});

Deno.test("in a session that does not block, steps come between, until it ends", async () => {
  const { step, taken } = steps(3);
  const whole = new BackgroundWork(step);
  whole.start();
  while (taken() < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  whole.stop();
  const endless = steps(Infinity);
  const work = new BackgroundWork(endless.step);
  work.start();
  while (endless.taken() < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  work.stop();
  const taken2 = endless.taken();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(endless.taken(), taken2);
});
