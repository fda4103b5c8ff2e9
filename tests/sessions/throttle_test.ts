import { assertEquals } from "@std/assert";
import { applyPolicies } from "../../lib/policy/access.ts";
import { OwnMeter } from "../../lib/sessions/meter.ts";
import { Pace } from "../../lib/sessions/pace.ts";
import { throttle } from "../../lib/sessions/throttle.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { conformance } from "../../lib/testing/mod.ts";

const MIB = 2 ** 20;

function paces(rate: number) {
  return { up: new Pace([new OwnMeter(rate)]), down: new Pace([new OwnMeter(rate)]) };
}

Deno.test("a storage with a rate behaves to a session like the storage itself", async (t) => {
  await conformance(t, () => ({
    // Large requests wait.
    storage: applyPolicies(new MemoryStorage(), [throttle(paces(2 * MIB))]).storage,
    tellsReasons: true,
  }));
});

Deno.test("each direction has a rate of its own, and READs beyond the end cost nothing", async () => {
  const { storage } = applyPolicies(new MemoryStorage(), [throttle(paces(MIB))]);
  const options = { append: false, truncate: false, exclusive: false, attrs: {} };
  const file = await storage.open("/file", { ...options, read: true, write: true, create: true });
  const bytes = new Uint8Array(100_000);
  // A tenth of a second passes at once, each way.
  assertEquals(file.write(bytes, 0), undefined);
  assertEquals(file.read(bytes, 0), 100_000);
  for (let reads = 0; reads < 100; reads++) assertEquals(file.read(bytes.subarray(0, 20), MIB), 0);
  let isWritten = false;
  const writing = Promise.resolve(file.write(bytes, 0)).then(() => isWritten = true);
  await Promise.resolve();
  assertEquals(isWritten, false);
  await writing;
  await file.close(false);
});
