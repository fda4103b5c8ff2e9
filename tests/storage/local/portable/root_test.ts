import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { JailStorage } from "../../../../lib/storage/local/jail.ts";
import { PortableRoot } from "../../../../lib/storage/local/portable/root.ts";
import { conformance } from "../../../../lib/testing/mod.ts";
import { CHANGES, LOOKS, makeLinksOut, pathsOut, sight } from "../escapes.ts";
import { snapshot, withPlaces } from "../places.ts";

const allRights = { symlink: true, statfs: true };

Deno.test("JailStorage on a PortableRoot keeps the promises of a storage", async (t) => {
  await conformance(t, () => {
    const directory = Deno.makeTempDirSync();
    return {
      storage: new JailStorage(new PortableRoot(directory, allRights)),
      tellsReasons: true,
      dispose: () => Deno.removeSync(directory, { recursive: true }),
    };
  }, [
    { reason: "Deno's file API knows names as text", tests: ["raw names"] },
    ...fs.lchownSync === undefined
      ? [{
        reason: "Deno 2.6 cannot change a link's owner",
        tests: ["setLinkAttrs() takes a link that leads nowhere"],
      }]
      : [],
  ]);
});

Deno.test("PortableRoot lets no operation out by any link or `..`", () => {
  withPlaces((places) => {
    const escapes: string[] = [];
    for (const [name, attempt] of [...LOOKS, ...CHANGES]) {
      const before = snapshot(places.outside);
      for (const path of pathsOut(places)) {
        Deno.removeSync(places.jail, { recursive: true });
        Deno.mkdirSync(places.jail);
        makeLinksOut(places);
        const seen = sight(new PortableRoot(places.jail, allRights), path, attempt);
        if (seen !== undefined) escapes.push(`${name} of ${path} saw ${seen}`);
      }
      assertEquals(snapshot(places.outside), before, `${name} changed the outside`);
    }
    assertEquals(escapes, []);
  });
});
