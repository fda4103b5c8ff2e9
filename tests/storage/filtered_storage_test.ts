import { denyPaths } from "../../lib/policy/path_limits.ts";
import { applyPolicies } from "../../lib/policy/access.ts";
import { FilteredStorage } from "../../lib/storage/filtered_storage.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { later } from "../support/later.ts";

Deno.test("FilteredStorage behaves to a session like its inner storage", async (t) => {
  await conformance(t, () => ({
    storage: new FilteredStorage(new FilteredStorage(new MemoryStorage())),
    tellsReasons: true,
  }));
});

Deno.test("FilteredStorage behaves to a session like its inner storage, with promises", async (t) => {
  await conformance(t, () => ({
    storage: new FilteredStorage(later(new MemoryStorage())),
    tellsReasons: true,
  }));
});

Deno.test("a policy on other paths changes nothing", async (t) => {
  await conformance(t, () => ({
    storage: applyPolicies(new MemoryStorage(), [denyPaths(["*.kept", "/kept/**"])]).storage,
    tellsReasons: true,
  }));
});
