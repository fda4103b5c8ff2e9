/** The image of the container, made from a bare Debian with the packages that it really installs. */

import { needsCompile } from "../support/binaries.ts";
import { needsEngine } from "../support/container.ts";
import { withDebian } from "../support/debian.ts";
import { withTempDir } from "../support/files.ts";
import { twoPartners } from "../recipes/container.ts";

const programs = needsCompile("debootstrap", "ssh-keygen", "sftp", "sh");

Deno.test({
  name: "the container's image, made from a bare Debian, serves two keys without root",
  ...programs.ignore ? programs : needsEngine(),
  fn: () => withTempDir((folder) => withDebian(({ root }) => twoPartners(folder, root))),
});
