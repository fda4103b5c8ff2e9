import { assertEquals } from "@std/assert";
import { onClientGone } from "../../lib/transport/client_watch.ts";

Deno.test("whenLeftAlone() tells, after a while, that nobody reads standard output any more", async () => {
  const looks: string[] = [];
  const alone = Promise.withResolvers<void>();
  const poll = (fds: Uint8Array, timeout: number) => {
    looks.push(`${fds} ${timeout}`);
    return looks.length < 3 ? 0 : 1;
  };
  onClientGone({ poll }, alone.resolve, { interval: 1, patience: 20 });
  await alone.promise;
  // The descriptor, of which no event is asked for; and no more looks in the while.
  assertEquals(looks, Array(3).fill("1,0,0,0,0,0,0,0 0"));
});
