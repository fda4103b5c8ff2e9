import * as fs from "node:fs";
import { JailStorage } from "../../../../lib/storage/local/jail.ts";
import { PortableRoot } from "../../../../lib/storage/local/portable/root.ts";
import { conformance } from "../../../../lib/testing/mod.ts";

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
