/** The container without root, by the commands of the manual and the files that it names. */

import { needsCompile } from "../support/binaries.ts";
import { needsEngine } from "../support/container.ts";
import { withTempDir } from "../support/files.ts";
import { twoPartners } from "./container.ts";

const programs = needsCompile("sshd", "ssh-keygen", "sftp", "sh");

Deno.test({
  name:
    "in a container without root, two keys have a jail each, and the container prints their log",
  ...programs.ignore ? programs : needsEngine(),
  fn: () => withTempDir((folder) => twoPartners(folder, "/")),
});
