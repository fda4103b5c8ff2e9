import { assertEquals, assertGreater } from "@std/assert";
import { openLibc } from "../../../../lib/linux/libc.ts";
import { openKernelRoot } from "../../../../lib/storage/local/kernel/root.ts";
import { withoutResolution } from "../places.ts";
import { race } from "../race.ts";

const libc = openLibc();

const SHORT = 2000;
const LONG = 50_000;

/** How often each operation runs; `SFTPWRAP_RACE_ROUNDS` sets it. */
const rounds = Number(
  Deno.env.get("SFTPWRAP_RACE_ROUNDS") ?? (Deno.env.get("SFTPWRAP_LONG") === "1" ? LONG : SHORT),
);

Deno.test(`no operation on a KernelRoot is raced out of it in ${rounds} rounds each`, async () => {
  const { escapes } = await race((jail) => openKernelRoot(jail, libc), { rounds });
  assertGreater(Object.keys(escapes).length, 0);
  for (const [name, count] of Object.entries(escapes)) assertEquals(count, 0, name);
});

Deno.test("the race is lost by every operation where resolution is switched off", async () => {
  const unresolved = withoutResolution(libc);
  const { escapes } = await race((jail) => openKernelRoot(jail, unresolved), {
    rounds: 50,
    lost: true,
  });
  for (const [name, count] of Object.entries(escapes)) {
    assertGreater(count, 0, `${name} was never seen outside`);
  }
});
