import { assertEquals, assertRejects } from "@std/assert";
import { withTimeout } from "../../lib/async/with_timeout.ts";

Deno.test("withTimeout() gives what comes in time, and fails with what fails in time", async () => {
  assertEquals(await withTimeout(Promise.resolve("here"), 60_000, "late"), "here");
  const failing = Promise.reject(new Error("broken"));
  await assertRejects(() => withTimeout(failing, 60_000, undefined), Error, "broken");
});

Deno.test("withTimeout() gives something else where nothing comes in time", async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  assertEquals(await withTimeout(promise, 1, "late"), "late");
  reject(new Error("nobody's"));
});
