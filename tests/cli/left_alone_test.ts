import { assert, assertEquals } from "@std/assert";
import { whenLeftAlone } from "../../lib/cli/left_alone.ts";

Deno.test("whenLeftAlone() tells, after a while, that nobody reads standard output any more", async () => {
  const looks: string[] = [];
  const alone = Promise.withResolvers<void>();
  const poll = (fds: Uint8Array, timeout: number) => {
    looks.push(`${fds} ${timeout}`);
    return looks.length < 3 ? 0 : 1;
  };
  const start = performance.now();
  whenLeftAlone({ poll }, alone.resolve, { interval: 5, patience: 50 });
  await alone.promise;
  // The descriptor, of which no event is asked for.
  assertEquals(looks, Array(3).fill("1,0,0,0,0,0,0,0 0"));
  assert(performance.now() - start >= 60);
});
