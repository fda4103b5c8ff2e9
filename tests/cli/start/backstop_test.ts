import { assertEquals } from "@std/assert";
import { armBackstop } from "../../../lib/cli/start/backstop.ts";

const MODULE = new URL("../../../lib/cli/start/backstop.ts", import.meta.url).href;

/** Runs a program that arms the backstop, and tells how it ends. */
async function ended(options: object, body: string): Promise<string | number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { armBackstop } from "${MODULE}";
       const alive = armBackstop(${JSON.stringify(options)});
       Deno.permissions.revokeSync({ name: "ffi" });
       ${body}`,
    ],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const { signal, code } = await child.status;
  return signal ?? code;
}

Deno.test("a session that outlasts its time in a loop is ended by the system", async () => {
  assertEquals(await ended({ maxSession: 200, endGrace: 200 }, "for (;;);"), "SIGALRM");
});

Deno.test("a loop without a sign of life is ended by the system", async () => {
  assertEquals(await ended({ silentCpu: 300 }, "for (;;);"), "SIGPROF");
});

Deno.test("signs of life keep a process that works", async () => {
  const work = `const end = performance.now() + 1500;
    while (performance.now() < end) alive();
    Deno.exit(7);`;
  assertEquals(await ended({ silentCpu: 300 }, work), 7);
});

Deno.test("a process that waits uses no CPU and needs no sign of life", async () => {
  const wait = "setTimeout(() => Deno.exit(7), 1500);";
  assertEquals(await ended({ silentCpu: 1000 }, wait), 7);
});

Deno.test("without FFI there is no backstop", () => {
  assertEquals(armBackstop({ maxSession: 1000 }, () => undefined), undefined);
});
