import { assertEquals, assertRejects } from "@std/assert";
import { handleLimit } from "../../../lib/cli/start/handle_limit.ts";
import { SftpStatusError } from "../../../lib/client/errors.ts";
import { jailWords, withJail } from "../../support/jail.ts";
import { needs } from "../../support/programs.ts";
import { startServer } from "../../support/server.ts";

Deno.test("handleLimit() follows the limit of descriptors, and leaves some of them free", () => {
  assertEquals(handleLimit(1024), 992);
  assertEquals(handleLimit(4096), 4064);
  assertEquals(handleLimit(1_048_576), 1_048_544);
  assertEquals(handleLimit(Infinity), 4_294_967_296);
  assertEquals(handleLimit(20), 1);
  assertEquals(handleLimit(-22), undefined);
});

Deno.test({
  name: "sftpwrap jail under a small limit of descriptors tells it, and serves on at the limit",
  ...needs("prlimit"),
  fn: () =>
    withJail(async ({ jail }) => {
      const args = ["--nofile=64:64", "--", ...jailWords(jail)];
      await using server = await startServer("prlimit", args);
      const { client } = server;
      assertEquals(client.limits.maxOpenHandles, 32);
      const open = (index: number) => client.open(`/${index}`, { write: true, create: true });
      const files = await Promise.all(Array.from({ length: 32 }, (_, index) => open(index)));
      const error = await assertRejects(() => open(32), SftpStatusError);
      assertEquals(error.text, "Failure: too many open handles");
      assertEquals((await client.stat("/0")).size, 0);
      await client.rename("/0", "/renamed");
      await files[0]?.close();
      await (await open(33)).close();
    }),
});

for (const confine of ["kernel", "portable"]) {
  Deno.test({
    name: `sftpwrap jail --confine=${confine} has as many handles as there are descriptors for`,
    ...needs("prlimit"),
    fn: () =>
      withJail(async ({ jail }) => {
        const words = jailWords(jail, { options: [`--confine=${confine}`] });
        const args = ["--nofile=4096:4096", "--", ...words];
        await using server = await startServer("prlimit", args);
        const { client } = server;
        assertEquals(client.limits.maxOpenHandles, 4064);
        const how = { read: true, write: true, create: true };
        await Promise.all(Array.from({ length: 2000 }, () => client.open("/file", how)));
        await Promise.all(Array.from({ length: 2000 }, () => client.openDir("/")));
        await client.rename("/file", "/renamed");
        assertEquals((await client.stat("/renamed")).size, 0);
      }),
  });
}
