import { assertEquals, assertMatch } from "@std/assert";
import { inJailOf, messageOf, upload } from "../cli/hooks/jail_session.ts";
import { binary, needsCompile } from "../support/binaries.ts";
import { EICAR, makeScanner, onlyFileIn, withScripts } from "../support/hooks.ts";
import { ask } from "../support/raw.ts";
import { run } from "../support/run.ts";

const PYTHON = "/usr/bin/python3";

Deno.test({
  name:
    "a compiled program, for every use or for one jail, starts itself as the helper of its hooks",
  ...needsCompile(PYTHON),
  fn: () =>
    withScripts(async (scripts) => {
      const { directory } = scripts;
      const jail = `${directory}/jail`;
      const quarantine = `${directory}/quarantine`;
      const tells = await scripts.script("tells", `cat >>${directory}/told`);
      const options = [
        `--on=upload=${await makeScanner(directory)}`,
        ...["delete", "session-end"].map((event) => `--on=${event}=${tells}`),
        `--quarantine=${quarantine}`,
      ];
      await Deno.mkdir(jail);
      const general = await binary("general");
      const baked = await binary("baked", ["--jail", jail, "--", "-e", ...options]);
      assertMatch(baked.printed, /^permission: --allow-run=\/proc\/self\/exe$/m);
      for (const words of [[general.path, "jail", "-e", ...options, jail], [baked.path]]) {
        await Deno.mkdir(quarantine);
        await inJailOf(words, async (server) => {
          assertEquals(messageOf(await upload(server, "/file", "good")), "ok");
          const refused = await upload(server, "/file", EICAR);
          assertEquals(messageOf(refused), "Failure: Eicar-Test-Signature FOUND");
          assertEquals(await Deno.readTextFile(`${jail}/file`), "good");
          await server.ask(ask.remove("/file"));
        });
        assertEquals((await onlyFileIn(quarantine)).text, EICAR);
        await Deno.remove(quarantine, { recursive: true });
        const told = (await scripts.told()).trim().split("\n").map((line) => JSON.parse(line));
        assertEquals(told.slice(-2).map(({ event }) => event), ["delete", "session-end"]);
      }
      const { stdout } = await run(baked.path, ["--check"]);
      assertMatch(stdout, /^ok +helper process: outside the rings, runs 3 commands/m);
    }),
});
