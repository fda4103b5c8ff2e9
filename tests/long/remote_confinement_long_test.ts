import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runOk } from "../support/run.ts";

/** A host that only /etc/hosts knows; `localhost` is found without it. */
async function hostOfFile(): Promise<string | undefined> {
  const lines = (await Deno.readTextFile("/etc/hosts")).split("\n");
  return lines
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
    .filter(([address]) => /^[1-9][\d.]*$/.test(address ?? ""))
    .flatMap(([, ...names]) => names)
    .findLast((name) => !name.startsWith("localhost"));
}

const host = await hostOfFile();

Deno.test({
  name: "a confined session that keeps the network finds a host by its name again",
  ignore: host === undefined,
  async fn() {
    const child = fileURLToPath(new URL("./remote_confinement_child.ts", import.meta.url));
    const flags = ["--no-prompt", "--no-check", "--quiet", "-A"];
    const printed = await runOk(Deno.execPath(), ["run", ...flags, child, host ?? ""]);
    const [before, after] = JSON.parse(printed);
    assertEquals(after, before);
  },
});
