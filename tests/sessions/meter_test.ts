import { assertEquals } from "@std/assert";
import { openLibc } from "../../lib/linux/libc.ts";
import { Lock } from "../../lib/linux/linux.ts";
import { OwnMeter, SharedMeter } from "../../lib/sessions/meter.ts";
import { withTempDir } from "../support/files.ts";

const libc = openLibc();
const RATE = 1000;

/** Runs `use` with the descriptors of a file that was opened twice. */
async function withFile(use: (one: number, other: number) => void): Promise<void> {
  await withTempDir((directory) => {
    const path = `${directory}/rate`;
    Deno.writeTextFileSync(path, "");
    const name = new TextEncoder().encode(`${path}\0`);
    const [one, other] = [2, 2].map((flags) => libc.openat(-100, name, flags));
    use(one!, other!);
    for (const fd of [one!, other!]) libc.close(fd);
    return Promise.resolve();
  });
}

Deno.test("a meter sells a tenth of a second at once, and then at its rate", () => {
  let now = 5000;
  const meter = new OwnMeter(RATE, () => now);
  assertEquals([100, 50, 50, 10].map((bytes) => meter.buy(bytes)), [0, 0, 50, 100]);
  now = 5110;
  assertEquals(meter.buy(1), 0);
  // What was not used for long is lost.
  now = 1_000_000;
  assertEquals([100, 100].map((bytes) => meter.buy(bytes)), [0, 0]);
  assertEquals(meter.buy(100), 100);
});

Deno.test("two processes that share a meter have its rate together", async () => {
  await withFile((one, other) => {
    const calls = { ...libc, monotonicTime: () => 5000 };
    const meters = [one, other].map((fd) => new SharedMeter(calls, RATE, { fd, at: 8 }));
    assertEquals(meters.map((meter) => meter.buy(100)), [0, 100]);
    assertEquals(meters.map((meter) => meter.buy(100)), [200, 300]);
    // The other direction has a number of its own.
    assertEquals(new SharedMeter(calls, RATE, { fd: one, at: 0 }).buy(1), 0);
  });
});

Deno.test("a meter that another process is using asks for another try", async () => {
  await withFile((one, other) => {
    const meter = new SharedMeter(libc, RATE, { fd: one, at: 0 });
    assertEquals(libc.flock(other, Lock.EX), 0);
    assertEquals(meter.buy(1), undefined);
    assertEquals(libc.flock(other, Lock.UN), 0);
    assertEquals(meter.buy(1), 0);
  });
});

Deno.test("a meter that is damaged, or of another start of the system, begins anew", async () => {
  await withFile((fd) => {
    let now = 1_000_000;
    const calls = { ...libc, monotonicTime: () => now };
    const meter = new SharedMeter(calls, RATE, { fd, at: 0 });
    const nan = Array(8).fill(0xff);
    const infinity = [0, 0, 0, 0, 0, 0, 0xf0, 0x7f];
    for (const bytes of [[0xff, 0xff, 0xff], nan, infinity]) {
      libc.ftruncate(fd, 0);
      libc.pwrite(fd, Uint8Array.from(bytes), 0);
      assertEquals(meter.buy(1), 0, String(bytes));
    }
    // The clock begins at 0 with each start of the system.
    now = 20;
    assertEquals(meter.buy(1), 0);
  });
});
