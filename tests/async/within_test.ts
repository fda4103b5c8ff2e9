import { assertEquals, assertRejects } from "@std/assert";
import { within } from "../../lib/async/within.ts";

Deno.test("within() gives what comes in time, and fails with what fails in time", async () => {
  assertEquals(await within(60_000, Promise.resolve("here"), "late"), "here");
  const failing = Promise.reject(new Error("broken"));
  await assertRejects(() => within(60_000, failing, undefined), Error, "broken");
});

Deno.test("within() gives something else where nothing comes in time", async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  assertEquals(await within(1, promise, "late"), "late");
  reject(new Error("nobody's"));
});
