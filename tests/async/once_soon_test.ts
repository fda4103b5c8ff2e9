import { assertEquals } from "@std/assert";
import { onceSoon } from "../../lib/async/once_soon.ts";

Deno.test("onceSoon() runs once for all calls made meanwhile, and again for a later one", async () => {
  let runs = 0;
  const ask = onceSoon(() => runs++);
  ask();
  ask();
  assertEquals(runs, 0);
  await Promise.resolve();
  assertEquals(runs, 1);
  ask();
  await Promise.resolve();
  assertEquals(runs, 2);
});
