import { assertEquals } from "@std/assert";
import { BackgroundWork } from "../../lib/serve/background.ts";
import type { Polling } from "../../lib/transport/stdio.ts";

/** Polls as if the client sent something after so many looks. */
function polling(quiet: number): Polling {
  let looks = 0;
  return { trySend: () => 0, wait: () => ({ input: ++looks > quiet }) };
}

/** Work of so many steps, which counts them. */
function steps(most: number) {
  let taken = 0;
  return {
    work: {
      get isDue() {
        return taken < most;
      },
      step: () => void taken++,
    },
    taken: () => taken,
  };
}

Deno.test("work in the background stops when the client asks for something, and goes on later", () => {
  const { work: counted, taken } = steps(10);
  const work = new BackgroundWork(counted);
  work.whileQuiet(polling(3), () => true);
  assertEquals(taken(), 3);
  work.whileQuiet(polling(100), () => true);
  assertEquals(taken(), 10);
  work.whileQuiet(polling(100), () => true);
  assertEquals(taken(), 10);
});

Deno.test("work in the background stops when the time of the session is over", () => {
  const { work: counted, taken } = steps(10);
  const work = new BackgroundWork(counted);
  work.whileQuiet(polling(100), () => taken() < 2);
  assertEquals(taken(), 2);
});

Deno.test("without polling, nothing is done in the background", () => {
  const { work: counted, taken } = steps(10);
  new BackgroundWork(counted).whileQuiet(undefined, () => true);
  assertEquals(taken(), 0);
});

Deno.test("steps that are promises are awaited", async () => {
  const { work: counted, taken } = steps(4);
  const work = new BackgroundWork({
    get isDue() {
      return counted.isDue;
    },
    step: () => Promise.resolve().then(counted.step),
  });
  await work.whileQuiet(polling(100), () => true);
  assertEquals(taken(), 4);
});

Deno.test("in a session that does not block, steps come between, until it ends", async () => {
  const { work: counted, taken } = steps(3);
  const whole = new BackgroundWork(counted);
  whole.start();
  while (taken() < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  whole.stop();
  const endless = steps(Infinity);
  const work = new BackgroundWork(endless.work);
  work.start();
  while (endless.taken() < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  work.stop();
  const taken2 = endless.taken();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(endless.taken(), taken2);
});
