import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { failure, finishBundle } from "../../scripts/compile.ts";
import { bundleProgram } from "../../scripts/support/bundles.ts";
import { compilePlan, parseCompileArgs } from "../../scripts/support/compile_plan.ts";
import { PROJECT } from "../guide/pages.ts";
import { withTempDir } from "../support/files.ts";
import { run, runOk } from "../support/run.ts";
import { startServer } from "../support/server.ts";

Deno.test("the bundle that this Deno makes serves a session under this Deno", async () => {
  await withTempDir(async (directory) => {
    const { bundle } = compilePlan(parseCompileArgs([]));
    const make = async (words: readonly string[]) =>
      (await run(Deno.execPath(), words, { cwd: PROJECT })).code === 0;
    const entry = await bundleProgram(bundle, directory, make);
    await finishBundle(entry!);
    const started = ["run", "--no-prompt", "--no-config", "--no-remote", "-A", entry!];
    assertMatch(
      await runOk(Deno.execPath(), [...started, "--version"]),
      /^sftpwrap \d+\.\d+\.\d+ \(commit [\da-f]{12}(-dirty)?, Deno /,
    );
    // The manual is as old as the commit, and not as the build.
    const commit = await runOk("git", ["-C", PROJECT, "log", "-1", "--format=%ct"]);
    const day = new Date(Number(commit) * 1000)
      .toLocaleDateString("en-US", { dateStyle: "long", timeZone: "UTC" });
    const page = await runOk(Deno.execPath(), [...started, "man"]);
    assertStringIncludes(page, `.Dd ${day}\n`);
    const jail = `${directory}/jail-of-the-test`;
    await Deno.mkdir(jail);
    const server = await startServer(Deno.execPath(), [
      ...started,
      "jail",
      "--confine=kernel",
      jail,
    ]);
    await server.client.writeFile("/a", new Uint8Array([1, 2, 3]));
    assertEquals(await Deno.readFile(`${jail}/a`), new Uint8Array([1, 2, 3]));
    assertEquals((await server.stop()).status.code, 0);
    // The others load all that they need, ssh2 and mongodb too, and then say what is missing.
    for (const words of [["proxy", "-k", "/none", "h"], ["gridfs"], ["authorize", "/none"]]) {
      const { code, stderr } = await run(Deno.execPath(), [...started, ...words]);
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /^sftpwrap: /);
    }
  });
});

Deno.test("failure() says that denort cannot be downloaded, and what to set", () => {
  const stderr = `error: Writing deno compile executable to temporary file '/x.tmp-1'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://dl.deno.land/release/v2.9.6/denort-x86_64.zip): dns error
    2: dns error

Stack backtrace:
   0: <unknown>
`;
  assertEquals(
    failure(stderr),
    "Deno's base binary (denort) cannot be downloaded: set DENORT_BIN to one (Setting up base " +
      "binary: error sending request for url (https://dl.deno.land/release/v2.9.6/denort-x86_64.zip): " +
      "dns error)",
  );
});

Deno.test("failure() tells the cause of any other failure in one line", () => {
  const stderr =
    "error: Writing\n\nCaused by:\n    0: Could not find denort at '/x'\n    1: Gone\n";
  assertEquals(failure(stderr), "Could not find denort at '/x': Gone");
  const other =
    "error: Failed\n    0: error sending request for url (https://x.example/std.tgz): no\n";
  assertEquals(failure(other), "error sending request for url (https://x.example/std.tgz): no");
  assertEquals(failure("error: Module not found\n    at x.ts:1:1\n"), "Module not found");
  assertEquals(failure("\n"), "deno compile failed");
});
