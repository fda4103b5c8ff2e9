import { assertEquals } from "@std/assert";
import { isRequestName, requestNames } from "../../lib/session/request_names.ts";
import { coreRows, extensionRows } from "../../lib/session/rows/rows.ts";

Deno.test("requestNames has the name of every request that is served, in their order", () => {
  const served: readonly string[] = [...coreRows, ...extensionRows].map(({ name }) => name);
  assertEquals(served, requestNames);
});

Deno.test("isRequestName() knows a request's name from any other", () => {
  assertEquals(["open", "check-file", "unsupported", ""].map(isRequestName), [
    true,
    true,
    false,
    false,
  ]);
});
