import { assertEquals } from "@std/assert";
import { SpinWait } from "../../../lib/transport/reactor/spin_wait.ts";

/** A spinWait with a clock of its own: each look at nothing and each giving way takes a microsecond. */
function played() {
  let now = 0;
  /** When the next thing happens. */
  let next = Infinity;
  const done = { looks: 0, sleeps: 0, ways: 0 };
  const spinWait = new SpinWait({
    look(timeout) {
      if (timeout === 0) done.looks++;
      else done.sleeps++;
      now += timeout === 0 ? 0.001 : Math.max(0, Math.min(next - now, timeout));
      return now >= next;
    },
    giveWay() {
      done.ways++;
      now += 0.001;
    },
    now: () => now,
  });
  /** Waits for what happens so many milliseconds later; what was done for it. */
  function wait(later: number) {
    next = now + later;
    Object.assign(done, { looks: 0, sleeps: 0, ways: 0 });
    return { hasHappened: spinWait.wait(), ...done };
  }
  return { spinWait, wait };
}

Deno.test("SpinWait sleeps at first, and stays awake when something has come soon", () => {
  const { wait } = played();
  assertEquals(wait(0.1), { hasHappened: true, looks: 0, sleeps: 1, ways: 0 });
  assertEquals(wait(0.01), { hasHappened: true, looks: 6, sleeps: 0, ways: 5 });
  assertEquals(wait(0.01).sleeps, 0);
});

Deno.test("SpinWait gives way between two looks, sleeps when it has looked in vain, and then at once", () => {
  const { wait } = played();
  wait(0.1);
  const { looks, ways, sleeps } = wait(0.9);
  assertEquals({ ways, sleeps }, { ways: looks, sleeps: 1 });
  assertEquals(wait(0.9).looks, 0);
  assertEquals(wait(0.1).looks, 0);
  assertEquals(wait(0.1).sleeps, 0);
});

Deno.test("SpinWait does not stay awake for what is late, and says so where nothing happens", () => {
  const { wait } = played();
  assertEquals([wait(0.5).hasHappened, wait(0.5).looks], [true, 0]);
  assertEquals(wait(5), { hasHappened: false, looks: 0, sleeps: 1, ways: 0 });
});

Deno.test("SpinWait sleeps eight times after much has come, and then goes on as before", () => {
  const { spinWait, wait } = played();
  wait(0.1);
  spinWait.received(8191);
  assertEquals(wait(0.01).sleeps, 0);
  spinWait.received(8192);
  for (let nap = 0; nap < 8; nap++) assertEquals(wait(0.1).looks, 0);
  assertEquals(wait(0.01).sleeps, 0);
});
