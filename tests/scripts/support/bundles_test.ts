import { assertEquals, assertThrows } from "@std/assert";
import { bundleProgram, withBundles } from "../../../scripts/support/bundles.ts";
import { withTempDir } from "../../support/files.ts";

Deno.test("withBundles() puts the bundle of each subcommand in the place of its source", () => {
  const text = `a=()=>import("./jail/command.ts"),b=()=>import('./x/command.ts');import"./c.ts";`;
  assertEquals(withBundles(text), {
    text: `a=()=>import("./jail/command.js"),` +
      `b=()=>import('./x/command.js');import"./c.ts";`,
    subcommands: ["jail", "x"],
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
        await Deno.writeTextFile(`${directory}/main.js`, `import("./jail/command.ts")`);
      } else {
        await Deno.mkdir(`${directory}/jail`);
        await Deno.writeTextFile(`${directory}/jail/command.js`, "export{}");
      }
      return true;
    });
    assertEquals(entry, `${directory}/main.js`);
    assertEquals(asked, [
      ["bundle", "--external=*/command.ts", "--outdir", directory, "main.ts"],
      ["bundle", "--outdir", `${directory}/jail`, "lib/cli/jail/command.ts"],
    ]);
    assertEquals(await Deno.readTextFile(entry!), `import("./jail/command.js")`);
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
