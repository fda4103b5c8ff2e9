import { assertEquals, assertMatch } from "@std/assert";
import { withTempDir } from "../support/files.ts";
import { run, runOk } from "../support/run.ts";

const PROJECT = new URL("../../", import.meta.url).pathname;

async function json(file: string) {
  return JSON.parse(await Deno.readTextFile(PROJECT + file));
}

async function namesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}

Deno.test("no package's build scripts run, and Deno does not warn that it ignores them", async () => {
  const { npm } = await json("deno.lock");
  const names = Object.keys(npm).filter((name) => npm[name].scripts === true);
  const { allowScripts: { deny } } = await json("deno.json");
  assertEquals(deny, names.map((name) => `npm:${name.slice(0, name.lastIndexOf("@"))}`));
});

Deno.test("the demo shows a jail that holds, and downloads the jail's one package alone", () =>
  withTempDir(async (cache) => {
    // What is in deno.lock is in this Deno's cache: the demo begins with its one package.
    const { npmCache } = JSON.parse(await runOk(Deno.execPath(), ["info", "--json"]));
    const registries = await namesIn(npmCache);
    for (const registry of registries) {
      await Deno.mkdir(`${cache}/npm/${registry}`, { recursive: true });
      await runOk("cp", ["-r", `${npmCache}/${registry}/deno-std`, `${cache}/npm/${registry}`]);
    }
    const flags = ["--no-prompt", "--allow-read", "--allow-write", "--allow-run"];
    const told = await run(Deno.execPath(), ["run", ...flags, `${PROJECT}scripts/demo.ts`], {
      env: { DENO_DIR: cache, NO_COLOR: "1" },
    });
    assertEquals([told.code, told.stderr], [0, ""]);
    assertMatch(told.stdout, /^The jail held\./m);
    for (const registry of registries) {
      assertEquals(await namesIn(`${cache}/npm/${registry}`), ["deno-std"]);
    }
  }));
