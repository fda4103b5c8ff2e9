import { assertEquals } from "@std/assert";
import { coalesce } from "../../lib/async/coalesce.ts";

Deno.test("soon() runs once for all who ask meanwhile, and again for who asks later", async () => {
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
