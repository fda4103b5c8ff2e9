/** A release, built twice. */

import { assertEquals } from "@std/assert";
import { needsCompile } from "../support/binaries.ts";
import { withTempDir } from "../support/files.ts";
import { release } from "../support/release.ts";

Deno.test({
  name: "two releases of one commit are the same, byte for byte",
  ...needsCompile("dpkg-deb", "tar", "gzip", "git", "sha256sum"),
  fn: () =>
    withTempDir(async (folder) => {
      const sums: string[] = [];
      for (const name of ["first", "second"]) {
        await release(`${folder}/${name}`, ["--only", "amd64"]);
        sums.push(await Deno.readTextFile(`${folder}/${name}/SHA256SUMS`));
      }
      assertEquals(sums[1], sums[0]);
    }),
});
