import { assertEquals } from "@std/assert";
import { opensshArguments } from "../../../lib/storage/proxy/openssh.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { runOk } from "../../support/run.ts";
import { recorded } from "./support/options.ts";

Deno.test({
  name: "opensshArguments() says to ssh what was said to the proxy",
  ...needs("ssh"),
  async fn() {
    await withTempDir(async (directory) => {
      const keys = [`${directory}/a`, `${directory}/b c`, `${directory}/%h`];
      const { options } = recorded({
        host: "box",
        transport: "openssh",
        user: "alice",
        port: 2222,
        keys,
        knownHosts: ["/known", '/kn"own b', "/%h"],
        verifyHost: "accept-new",
        connectTimeout: 7,
        keepalive: 5,
      });
      const said = await runOk("ssh", ["-G", ...opensshArguments(options)]);
      const value = (keyword: string) =>
        said.split("\n").filter((line) => line.startsWith(`${keyword} `))
          .map((line) => line.slice(keyword.length + 1));
      assertEquals(value("user"), ["alice"]);
      assertEquals(value("port"), ["2222"]);
      assertEquals(value("hostname"), ["box"]);
      // ssh tells a key as it is written, before it puts something into its name.
      assertEquals(value("identityfile"), keys.map((key) => key.replace("%", "%%")));
      assertEquals(value("userknownhostsfile"), ['/known /kn"own b /%h']);
      assertEquals(value("globalknownhostsfile"), ["/dev/null"]);
      assertEquals(value("stricthostkeychecking"), ["accept-new"]);
      assertEquals(value("connecttimeout"), ["7"]);
      assertEquals(value("serveraliveinterval"), ["5"]);
      assertEquals(value("batchmode"), ["yes"]);
      assertEquals(value("forwardagent"), ["no"]);
    });
  },
});

Deno.test("opensshArguments() ends with the host and the subsystem, and nothing else as a word", () => {
  const { options } = recorded({ host: "box", sshConfig: "/my config", verifyHost: "off" });
  const words = opensshArguments(options);
  assertEquals(words.slice(-4), ["-s", "--", "box", "sftp"]);
  assertEquals(words.slice(1, 3), ["-F", "/my config"]);
  assertEquals(words.includes("StrictHostKeyChecking=no"), true);
});
