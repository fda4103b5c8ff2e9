/** The profile for AppArmor, read by AppArmor's own parser. */

import { assert, assertMatch } from "@std/assert";
import { PROJECT } from "../guide/pages.ts";
import { needs } from "../support/programs.ts";
import { runOk } from "../support/run.ts";
import { recipe } from "./page.ts";

const PROFILE = `${PROJECT}scripts/apparmor/sftpwrap`;

Deno.test({
  name: "AppArmor's parser understands the profile that the manual's command names",
  ...needs("apparmor_parser"),
  fn: async () => {
    const [command = ""] = await recipe(/^AppArmor$/);
    const [, name = ""] = /aa-exec -p (\S+) -- /.exec(command) ?? [];
    const profiles = await runOk("apparmor_parser", ["--names", PROFILE]);
    assert(profiles.split("\n").includes(name), profiles);
    await runOk("apparmor_parser", ["--skip-kernel-load", "--skip-cache", PROFILE]);
    assertMatch(await Deno.readTextFile(PROFILE), / \/srv\/sftp\/\{,\*\*\} rwkl,$/m);
  },
});
