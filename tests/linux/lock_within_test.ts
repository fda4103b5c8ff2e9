import { assertEquals } from "@std/assert";
import { openLibc } from "../../lib/linux/libc.ts";
import { Lock, Open } from "../../lib/linux/linux.ts";
import { lockWithin } from "../../lib/linux/lock_within.ts";
import { withTempDir } from "../support/files.ts";

const libc = openLibc();
const EAGAIN = -11;
const EBADF = -9;

Deno.test("lockWithin() gives up a lock that stays held, and takes one that is free", async () => {
  await withTempDir((directory) => {
    const name = new TextEncoder().encode(`${directory}\0`);
    const [one, other] = [0, 0].map(() => libc.openat(-100, name, Open.RDONLY | Open.CLOEXEC));
    assertEquals(lockWithin(libc, one!, 0), 0);
    assertEquals(lockWithin(libc, other!, 20), EAGAIN);
    assertEquals(libc.flock(one!, Lock.UN), 0);
    assertEquals(lockWithin(libc, other!, 0), 0);
    for (const fd of [one!, other!]) libc.close(fd);
    assertEquals(lockWithin(libc, other!, 0), EBADF);
    return Promise.resolve();
  });
});

Deno.test("the clock that all processes share goes on", () => {
  const first = libc.monotonicTime();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  assertEquals(libc.monotonicTime() - first >= 2, true);
  assertEquals(libc.kill(Deno.pid, 0), 0);
});
