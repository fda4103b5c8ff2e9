import { assert, assertEquals } from "@std/assert";
import { isPromise } from "../../lib/async/maybe_promise.ts";
import { openLibc } from "../../lib/linux/libc.ts";
import { type Meter, OwnMeter, SharedMeter } from "../../lib/sessions/meter.ts";
import { Pace } from "../../lib/sessions/pace.ts";
import { withTempDir } from "../support/files.ts";
import { VirtualClock } from "./virtual_clock.ts";

const libc = openLibc();
const KIB = 1024;
const MIB = 1024 * KIB;

function ownPace(clock: VirtualClock, rate: number): Pace {
  return new Pace([new OwnMeter(rate, () => clock.now)], clock.sleep);
}

Deno.test("what the rate allows passes at once, without a promise", () => {
  const pace = ownPace(new VirtualClock(), MIB);
  assertEquals(pace.take({}, 32 * KIB), undefined);
  assertEquals(pace.take({}, 64 * KIB), undefined);
  assert(isPromise(pace.take({}, 64 * KIB)));
});

Deno.test("a transfer takes as long as its rate says", async () => {
  const clock = new VirtualClock();
  const pace = ownPace(clock, MIB);
  const start = clock.now;
  let ended = 0;
  const transfer = async () => {
    for (let moved = 0; moved < 10 * MIB; moved += 32 * KIB) await pace.take(pace, 32 * KIB);
    ended = clock.now;
  };
  await Promise.all([transfer(), clock.run()]);
  // A tenth of a second is there at the start.
  const seconds = (ended - start) / 1000;
  assert(seconds > 9.7 && seconds < 10.1, `${seconds} s`);
});

Deno.test("a small request does not wait for all of a large transfer of another file", async () => {
  const clock = new VirtualClock();
  const pace = ownPace(clock, 100 * KIB);
  const order: string[] = [];
  const take = async (file: object, bytes: number, what: string) => {
    await pace.take(file, bytes);
    order.push(what);
  };
  const large = {};
  const waits = Array.from({ length: 64 }, (_, index) => take(large, 32 * KIB, `large ${index}`));
  await Promise.all([...waits, take({}, 100, "small"), clock.run()]);
  assert(order.indexOf("small") < 3, order.slice(0, 5).join(", "));
  const inOrder = Array.from({ length: 64 }, (_, index) => `large ${index}`);
  assertEquals(order.filter((what) => what !== "small"), inOrder);
});

Deno.test("what was not needed is given back", () => {
  const pace = ownPace(new VirtualClock(), 100 * KIB);
  for (let reads = 0; reads < 1000; reads++) {
    assertEquals(pace.take({}, 8 * KIB), undefined);
    pace.giveBack(8 * KIB);
  }
});

Deno.test("what waits for a file is forgotten when it is closed, and nothing else", async () => {
  const clock = new VirtualClock();
  const pace = ownPace(clock, KIB);
  const closed = {};
  let isMoved = false;
  for (const _ of [1, 2]) Promise.resolve(pace.take(closed, 10 * KIB)).then(() => isMoved = true);
  const other = Promise.resolve(pace.take({}, 2 * KIB));
  pace.forget(closed);
  pace.forget(closed);
  await Promise.all([other, clock.run()]);
  assertEquals(isMoved, false);
  // The rate counts afterwards, too.
  const start = clock.now;
  await Promise.all([pace.take({}, 10 * KIB), clock.run()]);
  assert(clock.now - start > 8000, `${clock.now - start} ms`);
});

/** Runs `use` with descriptors of a shared meter's file, each opened by itself. */
async function withMeters(
  count: number,
  use: (clock: VirtualClock, meters: (rate: number) => Meter[]) => Promise<void>,
): Promise<void> {
  await withTempDir(async (directory) => {
    const clock = new VirtualClock();
    await Deno.writeTextFile(`${directory}/rate`, "");
    const name = new TextEncoder().encode(`${directory}/rate\0`);
    const fds = Array.from({ length: count }, () => libc.openat(-100, name, 2));
    const calls = { ...libc, monotonicTime: () => clock.now };
    await use(clock, (rate) => fds.map((fd) => new SharedMeter(calls, rate, { fd, at: 0 })));
    for (const fd of fds) libc.close(fd);
  });
}

/** What each of these moves in so many seconds, if its client always asks for more. */
async function movedIn(
  seconds: number,
  clock: VirtualClock,
  sessions: readonly { readonly pace: Pace; readonly request: number }[],
): Promise<number[]> {
  let isOver = false;
  const moved = sessions.map(() => 0);
  const all = sessions.map(async ({ pace, request }, index) => {
    while (!isOver) {
      await pace.take(pace, request);
      if (!isOver) moved[index]! += request;
    }
  });
  await clock.run(seconds * 1000);
  isOver = true;
  await Promise.all([...all, clock.run()]);
  return moved;
}

Deno.test("sessions that share a rate have equal parts of it within 10 %, and all of it together", async () => {
  await withMeters(4, async (clock, meters) => {
    const rate = 4 * MIB;
    const requests = [32 * KIB, 255 * KIB, 4 * KIB, 32 * KIB];
    const sessions = meters(rate).map((meter, index) => ({
      request: requests[index]!,
      // Timers are late, by different amounts.
      pace: new Pace([meter], (milliseconds) => clock.sleep(milliseconds + index * 1.7)),
    }));
    const moved = await movedIn(20, clock, sessions);
    const parts = moved.map((bytes) => bytes / (rate * 20 / 4));
    assert(parts.every((part) => Math.abs(part - 1) < 0.1), parts.join(" "));
    const total = parts.reduce((sum, part) => sum + part, 0) / 4;
    assert(Math.abs(total - 1) < 0.03, String(total));
  });
});

Deno.test("what one session does not want of a shared rate is the others'", async () => {
  await withMeters(2, async (clock, meters) => {
    const sessions = meters(MIB).map((meter, index) => {
      const own = index === 0 ? [new OwnMeter(100 * KIB, () => clock.now)] : [];
      return { request: 16 * KIB, pace: new Pace([meter, ...own], clock.sleep) };
    });
    const [slow, fast] = await movedIn(10, clock, sessions);
    assert(Math.abs(slow! / (1000 * KIB) - 1) < 0.1, String(slow));
    assert(Math.abs((slow! + fast!) / (10 * MIB) - 1) < 0.05, `${slow} ${fast}`);
  });
});
