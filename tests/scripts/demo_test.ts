import { assertEquals, assertMatch } from "@std/assert";
import { runOk } from "../support/run.ts";

const PROJECT = new URL("../../", import.meta.url).pathname;

async function json(file: string) {
  return JSON.parse(await Deno.readTextFile(PROJECT + file));
}

Deno.test("no package's build scripts run, and Deno does not warn that it ignores them", async () => {
  const { npm } = await json("deno.lock");
  const names = Object.keys(npm).filter((name) => npm[name].scripts === true);
  const { allowScripts: { deny } } = await json("deno.json");
  assertEquals(deny, names.map((name) => `npm:${name.slice(0, name.lastIndexOf("@"))}`));
});

Deno.test("the demo shows a jail that holds", async () => {
  const script = `${PROJECT}scripts/demo.ts`;
  const flags = ["--no-prompt", "--allow-read", "--allow-write", "--allow-run"];
  const told = await runOk(Deno.execPath(), ["run", ...flags, script]);
  assertMatch(told, /^The jail held\./m);
});
