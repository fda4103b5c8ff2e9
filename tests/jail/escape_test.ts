import { assert, assertEquals } from "@std/assert";
import { escapes } from "../support/jail_attempts.ts";
import { Prober, withSite } from "../support/jail_fixture.ts";
import { jailWays } from "../support/jail_ways.ts";
import { openServer } from "../support/open_server.ts";
import { ask, Code } from "../support/raw.ts";
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

Deno.test("portable root: makes no symbolic link under flags for the jail alone, and says so", async () => {
  const way = jailWays.find(({ name }) => name === "portable root")!;
  await way.withSite(async (site) => {
    await using prober = await Prober.start(await way.command(site), site);
    assertEquals(await prober.code(ask.symlink("own", "/link")), Code.OP_UNSUPPORTED);
    assertEquals([...Deno.readDirSync(site.jail)], []);
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
