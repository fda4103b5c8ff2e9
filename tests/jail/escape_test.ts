import { assert, assertEquals } from "@std/assert";
import { escapes } from "../support/jail_attempts.ts";
import { lookOutside, namesIn, Prober, withSite } from "../support/jail_fixture.ts";
import { jailWays } from "../support/jail_ways.ts";
import { openServer } from "./open_server.ts";
import { ask, Code, request as sent } from "../support/raw.ts";
import { families } from "./families.ts";

for (const way of jailWays) {
  for (const family of families) {
    if (family.symlinks === true && !way.symlinks) continue;
    Deno.test({
      name: `${way.name}: no request leaves the jail ${family.name}`,
      ...way.need,
      fn: () =>
        way.withSite(async (site) => {
          await using prober = await Prober.start(await way.command(site), site);
          assertEquals(prober.found, []);
          const plant = () => family.plant(site, prober);
          assertEquals(await escapes(prober, site, { paths: family.paths(site), plant }), []);
          assertEquals((await prober.end()).code, 0);
        }),
    });
  }
}

for (const way of jailWays) {
  Deno.test({
    name: `${way.name}: a path that holds a NUL leads nowhere`,
    ...way.need,
    fn: () =>
      way.withSite(async (site) => {
        await Deno.writeTextFile(`${site.jail}/own`, "own");
        for (const path of ["/../outside/canary\0", "/own\0/../../outside/canary", "\0/own"]) {
          for (const request of [ask.stat(path), ask.remove(path), ask.opendir(path)]) {
            await using prober = await Prober.start(await way.command(site), site);
            const before = lookOutside(site);
            await prober.server.send(sent(request, 1));
            // OpenSSH ends the session; to refuse the request would do as well.
            const reply = await prober.server.receive();
            if (reply !== undefined) assert(reply.kind === "status" && reply.code !== Code.OK);
            assertEquals(lookOutside(site), before);
            assertEquals(namesIn(site.jail), ["own"]);
          }
        }
      }),
  });
}

Deno.test("portable root: makes no symbolic link under flags for the jail alone, and says so", async () => {
  const way = jailWays.find(({ name }) => name === "portable root")!;
  await way.withSite(async (site) => {
    await using prober = await Prober.start(await way.command(site), site);
    assertEquals(await prober.code(ask.symlink("own", "/link")), Code.OP_UNSUPPORTED);
    assertEquals(namesIn(site.jail), []);
  });
});

/** Not by names that mean nothing, and not by its own standard input, for which it would wait. */
const HARMLESS = ["by what only looks like ..", "through links into /proc and /dev/fd"];

for (const family of families.filter(({ name }) => !HARMLESS.includes(name))) {
  Deno.test(`a server without any ring is seen to get out ${family.name}`, () =>
    withSite(async (site) => {
      await using prober = await Prober.start(openServer(site), site);
      const plant = () => family.plant(site, prober);
      const out = await escapes(prober, site, { paths: family.paths(site), plant });
      const requests = new Set(out.map((line) => line.slice(0, line.search(/ [./-]/))));
      assert(requests.size > 1, `only ${[...requests].join(", ")}`);
    }));
}
