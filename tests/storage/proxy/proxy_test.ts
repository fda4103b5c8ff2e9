import { needs } from "../../support/programs.ts";
import { conformance } from "../../../lib/testing/mod.ts";
import { withJail, withRoot } from "./far_side.ts";

Deno.test("ProxyStorage keeps the promises of a storage, on a jail", async (t) => {
  await conformance(t, () => withJail());
});

Deno.test({
  name: "ProxyStorage keeps them in a root on OpenSSH's server",
  ...needs("sftp-server"),
  fn: async (t) => {
    await conformance(t, () => withRoot(), [
      {
        reason: "OpenSSH's server opens directories to read",
        tests: ["open() of a directory to read fails"],
      },
      {
        reason: "a link that leads out of the root is refused, not bent",
        tests: ["a link cannot lead above the root"],
      },
      {
        reason: "the path is followed as far as it goes, and its first name is not there",
        tests: ["a path of 5000 bytes is invalid"],
      },
      {
        reason: "OpenSSH's server answers OK where it copies less, or nothing",
        tests: [
          "copyData() returns how much there was at the source's end",
          "copyData() needs a source to read and a target to write",
        ],
      },
    ]);
  },
});
