import { assert, assertEquals } from "@std/assert";
import { hasMetBoth, race } from "../support/jail_race.ts";
import { openServer } from "./open_server.ts";
import { sftpwrap } from "../support/wire_session.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

const ATTEMPTS = 1000;

Deno.test({
  name: "kernel root: no request gets out through a directory that is swapped for a link",
  ...LINUX,
  async fn() {
    const command = ({ jail }: { jail: string }) => sftpwrap(["jail", "--confine=kernel", jail]);
    const { counts, swaps } = await race(command, { attempts: ATTEMPTS, until: hasMetBoth });
    for (const count of counts) {
      assert(count.attempts >= ATTEMPTS);
      assertEquals(count.escapes, 0, count.operation);
      assert(hasMetBoth(count), `${count.operation}: the race was none`);
    }
    assert(swaps > ATTEMPTS);
  },
});

for (const root of ["plain", "unresolved"] as const) {
  Deno.test({
    name: `a server without any ring is seen to lose that race (${root} root)`,
    ...LINUX,
    async fn() {
      const { counts } = await race((site) => openServer(site, { root }), {
        attempts: ATTEMPTS,
        until: ({ escapes }) => escapes > 0,
      });
      for (const { operation, escapes } of counts) assert(escapes > 0, operation);
    },
  });
}
