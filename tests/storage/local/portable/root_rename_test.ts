import { assertEquals } from "@std/assert";
import { jailWords, withJail } from "../../../support/jail.ts";
import { startServer } from "../../../support/server.ts";
import { withoutCalls } from "../../../support/without_calls.ts";

const ERRORS = { EPERM: 1, EOPNOTSUPP: 95 };

for (const [name, errno] of Object.entries(ERRORS)) {
  Deno.test({
    name: `PortableRoot renames a file where hard links fail with ${name}`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withJail(async ({ jail }) => {
        await Deno.writeTextFile(`${jail}/old`, "content");
        const words = jailWords(jail, { options: ["--confine=portable"] });
        const [program = "", ...args] = withoutCalls(["linkat"], errno, words);
        await using server = await startServer(program, args);
        await server.client.rename("/old", "/new");
        assertEquals(await Deno.readTextFile(`${jail}/new`), "content");
      }),
  });
}
