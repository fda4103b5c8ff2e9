/** What the author's guide tells its reader to write and to run, written and run. */

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { needsCompile } from "../support/binaries.ts";
import { needs } from "../support/programs.ts";
import { run, runOk } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { type Guide, lineIn, replaced, withGuide } from "./guide.ts";

/** Runs the Deno that runs this test in the guide's folder. */
function deno({ folder }: Guide, ...args: readonly string[]): Promise<string> {
  return runOk(Deno.execPath(), args, { cwd: folder, env: { NO_COLOR: "1" } });
}

/** A session as the guide shows it, and what a view refuses. */
async function use(sftp: readonly string[], folder: string): Promise<void> {
  const [program = "", ...args] = sftp;
  const batch = async (...commands: readonly string[]) =>
    await run(program, ["-b", "-", ...args], { input: commands.join("\n") + "\n", cwd: folder });
  const { code, stdout, stderr } = await batch("ls -1", "get soups/0/name got", "ls -l soups/1");
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "\ndrinks\nopen\nsoups\n");
  assertMatch(stdout, /^-r--r--r-- .* 5 .* name$/m);
  assertEquals(await Deno.readTextFile(`${folder}/got`), "Tomato");
  for (const command of ["put menu.json", "rm open", "mkdir new", "rename open shut"]) {
    const refused = await batch(command);
    assertEquals(refused.code, 1, command);
    assertMatch(refused.stderr, /Permission denied/i, command);
  }
}

Deno.test("the guide's files are those that it speaks of, its storage in under 60 lines", () =>
  withGuide(async ({ folder, files }) => {
    assertEquals(files, [
      "deno.json",
      "menu.json",
      "json_storage.ts",
      "main.ts",
      "json_storage_test.ts",
    ]);
    const storage = await Deno.readTextFile(`${folder}/json_storage.ts`);
    assertLess(storage.trimEnd().split("\n").length, 60);
  }));

Deno.test("the guide's code is type-checked, without a warning of the linter", () =>
  withGuide(async (guide) => {
    const sources = guide.files.filter((name) => name.endsWith(".ts"));
    await deno(guide, "check", "--quiet", ...sources);
    await deno(guide, "lint", ...sources);
  }));

Deno.test("the guide's test passes, without a permission", () =>
  withGuide(async (guide) => {
    const [program, ...args] = lineIn(guide.text, "deno test").split(" ");
    assertEquals(program, "deno");
    const told = await deno(guide, ...args);
    assertStringIncludes(told, "refused writing: rename() is refused ... ok");
    assertMatch(told, /ok \| 1 passed \(\d+ steps\) \| 0 failed/);
  }));

Deno.test({
  name: "the guide's program is served to OpenSSH's sftp -D",
  ...needs("sftp"),
  fn: () =>
    withGuide(async ({ text, folder }) => {
      const line = lineIn(text, "sftp -D ");
      const [, command = ""] = /^sftp -D '(deno run [^']*)'$/.exec(line) ?? [];
      await use(["sftp", "-D", command.replace(/^deno/, Deno.execPath())], folder);
    }),
});

Deno.test({
  name: "the guide's executable is used over a real sshd, by its line in authorized_keys",
  ...needsCompile("sshd", "ssh-keygen", "sftp"),
  fn: () =>
    withGuide(async ({ text, folder }) => {
      const compile = replaced(lineIn(text, "deno compile "), {
        "/srv/menu.json": `${folder}/menu.json`,
        "menu-sftp": `${folder}/menu-sftp`,
      });
      const [, ...args] = compile.split(" ");
      await runOk(Deno.env.get("DENO_COMPILE")!, args, { cwd: folder });
      const [, options = ""] = /^(.*) ssh-ed25519 AAAA/.exec(lineIn(text, "command=")) ?? [];
      const keyOptions = replaced(options, { "/usr/local/bin": folder });
      await withSshd({ keyOptions }, async (sshd) => {
        await use(["sftp", "-F", sshd.sshConfig, sshd.alias], folder);
      });
      const match = text.slice(text.indexOf("Match Group menu"));
      const [, forced = ""] = /^ +ForceCommand (\S+)$/m.exec(match) ?? [];
      const config = [`ForceCommand ${replaced(forced, { "/usr/local/bin": folder })}`];
      assert(match.includes("DisableForwarding yes"));
      await withSshd({ config: [...config, "DisableForwarding yes"] }, async (sshd) => {
        await use(["sftp", "-F", sshd.sshConfig, sshd.alias], folder);
      });
    }),
});
