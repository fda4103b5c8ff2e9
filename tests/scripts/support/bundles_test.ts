import { assertEquals, assertThrows } from "@std/assert";
import { bundleProgram, withBundles } from "../../../scripts/support/bundles.ts";
import { withTempDir } from "../../support/files.ts";

Deno.test("withBundles() puts the bundle of each subcommand in the place of its source", () => {
  const text = `a=()=>import("./jail_command.ts"),b=()=>import('./x_command.ts');import"./c.ts";`;
  assertEquals(withBundles(text), {
    text: `a=()=>import("./jail_command/jail_command.js"),` +
      `b=()=>import('./x_command/x_command.js');import"./c.ts";`,
    subcommands: ["jail_command", "x_command"],
  });
});

Deno.test("withBundles() fails where the bundler has left no subcommand out", () => {
  assertThrows(() => withBundles(`import("./jail_command-X.js")`), Error, "no subcommand");
});

Deno.test("bundleProgram() bundles the entry and each subcommand by itself", async () => {
  await withTempDir(async (directory) => {
    const asked: (readonly string[])[] = [];
    const entry = await bundleProgram(["bundle"], directory, async (words) => {
      asked.push(words);
      if (words.at(-1) === "main.ts") {
        await Deno.writeTextFile(`${directory}/main.js`, `import("./jail_command.ts")`);
      } else {
        await Deno.mkdir(`${directory}/jail_command`);
        await Deno.writeTextFile(`${directory}/jail_command/jail_command.js`, "export{}");
      }
      return true;
    });
    assertEquals(entry, `${directory}/main.js`);
    assertEquals(asked, [
      ["bundle", "--external=*_command.ts", "--outdir", directory, "main.ts"],
      ["bundle", "--outdir", `${directory}/jail_command`, "lib/cli/jail_command.ts"],
    ]);
    assertEquals(await Deno.readTextFile(entry!), `import("./jail_command/jail_command.js")`);
  });
});

Deno.test("bundleProgram() gives nothing where the bundler cannot be had", async () => {
  await withTempDir(async (directory) => {
    assertEquals(
      await bundleProgram(["bundle"], directory, () => Promise.resolve(false)),
      undefined,
    );
  });
});
