import { assertEquals } from "@std/assert";
import { coalesce } from "../../lib/async/coalesce.ts";

Deno.test("coalesce() runs once for all calls made meanwhile, and again for a later one", async () => {
  let runs = 0;
  const ask = coalesce(() => runs++);
  ask();
  ask();
  assertEquals(runs, 0);
  await Promise.resolve();
  assertEquals(runs, 1);
  ask();
  await Promise.resolve();
  assertEquals(runs, 2);
});
