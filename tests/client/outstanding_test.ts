import { assertEquals } from "@std/assert";
import { type Numbered, Outstanding } from "../../lib/client/outstanding.ts";

function added(outstanding: Outstanding<Numbered>): Numbered {
  const one = { id: 0 };
  outstanding.add(one);
  return one;
}

Deno.test("Outstanding gives one id after the other, and finds each by its own", () => {
  const outstanding = new Outstanding<Numbered>();
  const all = Array.from({ length: 1000 }, () => added(outstanding));
  assertEquals(all.map(({ id }) => id), Array.from({ length: 1000 }, (_, index) => index));
  assertEquals(all.filter((one) => outstanding.find(one.id) !== one), []);
  assertEquals([outstanding.size, outstanding.find(1000)], [1000, undefined]);
});

Deno.test("Outstanding finds nothing by an id that is answered, or was never given", () => {
  const outstanding = new Outstanding<Numbered>();
  const one = added(outstanding);
  outstanding.delete(one);
  outstanding.delete(one);
  const other = added(outstanding);
  const ids = [0, 1, 257, 2 ** 31 + 1, 2 ** 32 - 1];
  assertEquals(ids.map((id) => outstanding.find(id)), [
    undefined,
    other,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(outstanding.size, 1);
});

Deno.test("Outstanding goes on behind one that is answered late, and never gives its id again", () => {
  const outstanding = new Outstanding<Numbered>();
  const late = added(outstanding);
  const ids = new Set<number>();
  for (let count = 0; count < 100_000; count++) {
    const one = added(outstanding);
    ids.add(one.id);
    outstanding.delete(one);
  }
  assertEquals([ids.size, ids.has(late.id), outstanding.find(late.id)], [100_000, false, late]);
});

Deno.test("Outstanding.takeAll() gives them in the order of their ids, and is empty then", () => {
  const outstanding = new Outstanding<Numbered>();
  const all = Array.from({ length: 700 }, () => added(outstanding));
  outstanding.delete(all[3]!);
  const rest = all.filter((_, index) => index !== 3);
  assertEquals(outstanding.takeAll(), rest);
  assertEquals([outstanding.size, outstanding.takeAll()], [0, []]);
});
