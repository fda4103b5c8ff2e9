import { assertEquals, assertRejects } from "@std/assert";
import { Later, type Listener, tell } from "../../lib/async/later.ts";
import { after, isPromise, rescue } from "../../lib/async/maybe_promise.ts";

/** Notes what it is told. */
function noting(notes: string[]): Listener<unknown> {
  return {
    succeed: (value) => void notes.push(`value ${value}`),
    fail: (error) => void notes.push(`error ${error}`),
  };
}

Deno.test("Later tells who listens at once, in their order, and once", () => {
  const notes: string[] = [];
  const later = new Later<number>();
  later.tell(noting(notes));
  later.tell({ succeed: (value) => notes.push(`also ${value}`), fail: () => {} });
  assertEquals(notes, []);
  later.succeed(1);
  later.succeed(2);
  later.fail("late");
  assertEquals(notes, ["value 1", "also 1"]);
  later.tell(noting(notes));
  assertEquals(notes, ["value 1", "also 1", "value 1"]);
});

Deno.test("Later is a promise for who waits for it", async () => {
  const [good, bad] = [new Later<number>(), new Later<number>()];
  const waiting = Promise.all([good, good.then((value) => value + 1), bad.catch((error) => error)]);
  good.succeed(1);
  bad.fail("broken");
  assertEquals(await waiting, [1, 2, "broken"]);
  assertEquals(await good.finally(() => {}), 1);
  assertEquals([isPromise(good), isPromise<unknown>({ then: 1 })], [true, false]);
});

Deno.test("Later.fail() is no uncaught failure where somebody listens in the same turn", async () => {
  const notes: string[] = [];
  const [heard, awaited] = [new Later<number>(), new Later<number>()];
  heard.fail("broken");
  heard.tell(noting(notes));
  awaited.fail(new Error("cable cut"));
  await assertRejects(() => awaited, Error, "cable cut");
  assertEquals(notes, ["error broken"]);
});

Deno.test("after() goes on with a Later at once, or by what it gives", async () => {
  const notes: string[] = [];
  const later = new Later<number>();
  const doubled = after(later, (value) => 2 * value) as Later<number>;
  doubled.tell(noting(notes));
  const promised = after(later, (value) => Promise.resolve(3 * value));
  const thrown = after(later, () => {
    throw new Error("no");
  }) as Later<never>;
  const refused = assertRejects(() => thrown, Error, "no");
  later.succeed(7);
  assertEquals(notes, ["value 14"]);
  assertEquals(await promised, 21);
  await refused;
});

Deno.test("after() passes a failure of a Later on", async () => {
  const later = new Later<number>();
  const mapped = after(later, (value) => value);
  const refused = assertRejects(() => Promise.resolve(mapped), Error, "cable cut");
  later.fail(new Error("cable cut"));
  await refused;
});

Deno.test("rescue() recovers a Later once, and leaves what has come", async () => {
  const notes: string[] = [];
  for (const recover of [() => 5, () => Promise.resolve(6)]) {
    const later = new Later<number>();
    const rescued = rescue(later, recover);
    later.fail("broken");
    notes.push(`${await rescued}`);
  }
  const good = new Later<number>();
  good.succeed(7);
  notes.push(`${await rescue(good, () => 8)}`);
  const bad = new Later<number>();
  const translated = rescue(bad, (error) => {
    throw new Error(`told: ${error}`);
  });
  const refused = assertRejects(() => translated, Error, "told: broken");
  bad.fail("broken");
  await refused;
  assertEquals(notes, ["5", "6", "7"]);
});

Deno.test("tell() tells of a promise too, a moment later", async () => {
  const notes: string[] = [];
  tell(Promise.resolve(1), noting(notes));
  tell(Promise.reject("broken"), noting(notes));
  assertEquals(notes, []);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(notes, ["value 1", "error broken"]);
});
