import { assertEquals } from "@std/assert";
import { Retries } from "../../../../lib/storage/s3/client/retries.ts";

/** A clock whose time passes only by sleeping, and what was slept. */
class TestClock {
  random = () => 0.5;
  #now = 0;
  readonly slept: number[] = [];
  now = () => this.#now;
  sleep = (milliseconds: number) => {
    this.slept.push(milliseconds);
    this.#now += milliseconds;
    return Promise.resolve();
  };
}

const SLOW_DOWN = { slowDown: true };
const FAULT = { slowDown: false };

Deno.test("Waits double with each attempt and are random, up to a most", async () => {
  const clock = new TestClock();
  const retries = new Retries(clock);
  for (let attempt = 1; attempt < 10; attempt++) {
    assertEquals(await retries.again(attempt, clock.now(), FAULT), true);
  }
  assertEquals(clock.slept, [50, 100, 200, 400, 800, 1600, 3200, 4000, 4000]);
  assertEquals(await retries.again(10, clock.now(), FAULT), false);
});

Deno.test("No attempt begins after the patience is over", async () => {
  const clock = new TestClock();
  const retries = new Retries(clock);
  const since = clock.now();
  await clock.sleep(39_960);
  assertEquals(await retries.again(1, since, FAULT), false);
});

Deno.test("The attempts of all requests are limited, and successes bring more", async () => {
  const clock = new TestClock();
  const retries = new Retries(clock);
  for (let request = 0; request < 100; request++) {
    assertEquals(await retries.again(1, clock.now(), FAULT), true);
  }
  assertEquals(await retries.again(1, clock.now(), FAULT), false);
  for (let success = 0; success < 5; success++) retries.succeeded();
  assertEquals(await retries.again(1, clock.now(), FAULT), true);
  assertEquals(await retries.again(1, clock.now(), FAULT), false);
});

Deno.test("A server that is overloaded gets no requests for a time, which grows if it is again", async () => {
  const clock = new TestClock();
  const retries = new Retries(clock);
  const paused = async (): Promise<number> => {
    const from = clock.now();
    await retries.ready();
    return clock.now() - from;
  };
  assertEquals(await paused(), 0);
  // Two requests that were in flight together cause one pause.
  clock.random = () => 0;
  await retries.again(1, clock.now(), SLOW_DOWN);
  await retries.again(1, clock.now(), SLOW_DOWN);
  assertEquals(await paused(), 250);
  await retries.again(2, clock.now(), SLOW_DOWN);
  assertEquals(await paused(), 500);
  await retries.again(3, clock.now(), { slowDown: true, retryAfterMs: 3000 });
  assertEquals(await paused(), 3000);
  retries.succeeded();
  retries.succeeded();
  await retries.again(1, clock.now(), SLOW_DOWN);
  clock.random = () => 0.5;
  assertEquals(await paused(), 500 + 250);
});

Deno.test("A wait ends with its signal", async () => {
  const retries = new Retries();
  const reason = new Error("enough");
  const wait = retries.again(1, retries.now(), FAULT, AbortSignal.abort(reason));
  assertEquals(await wait.catch((error) => error), reason);
});
