import { assertEquals } from "@std/assert";
import { withTempDir } from "./support/files.ts";
import { ask, init, joined, parseReply, request, Splitter } from "./support/raw.ts";
import { run } from "./support/wire_session.ts";

Deno.test("the library itself brings no package along", async () => {
  const face = new URL("../lib/mod.ts", import.meta.url).href;
  const { stdout } = await run([Deno.execPath(), "info", "--json", face]);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: readonly { readonly specifier: string }[];
  };
  const specifiers = modules.map(({ specifier }) => specifier);
  assertEquals(specifiers.filter((one) => !/^(file|node):/.test(one)), []);
});

Deno.test("the library asks for no permission, and so loads no part that needs one, until it is used", async () => {
  await withTempDir(async (directory) => {
    const face = JSON.stringify(new URL("../lib/mod.ts", import.meta.url));
    await Deno.writeTextFile(
      `${directory}/main.ts`,
      `import { MemoryStorage, serve } from ${face};
       Deno.exit(await serve(new MemoryStorage()));`,
    );
    const input = joined([init(), request(ask.mkdir("/d"), 1), request(ask.stat("/d"), 2)]);
    const { code, stdout, stderr } = await run(
      [Deno.execPath(), "run", "--no-prompt", "--no-check", "--quiet", `${directory}/main.ts`],
      { input },
    );
    assertEquals([code, stderr], [0, ""]);
    const replies = new Splitter().push(stdout).map(parseReply);
    assertEquals(replies.map(({ kind }) => kind), ["version", "status", "attrs"]);
  });
});
