import { assertEquals } from "@std/assert";
import { Budget } from "../../../lib/storage/remote/budget.ts";

Deno.test("Budget gives each user an equal share, and what one leaves to the others", () => {
  const budget = new Budget(60);
  const [a, b] = [{}, {}];
  assertEquals(budget.share, 60);
  budget.join(a);
  budget.join(a);
  assertEquals(budget.share, 60);
  budget.join(b);
  assertEquals(budget.share, 30);
  budget.leave(a);
  assertEquals(budget.share, 60);
});

Deno.test("Budget makes every user hold less when another joins, and counts none twice", () => {
  const budget = new Budget(60);
  const [a, b] = [{}, {}];
  const shares: number[] = [];
  budget.join(a, () => shares.push(budget.share));
  budget.join(a, () => shares.push(0));
  budget.join(b);
  budget.join(b);
  assertEquals(shares, [30]);
  budget.leave(a);
  budget.join({});
  assertEquals(shares, [30]);
});
