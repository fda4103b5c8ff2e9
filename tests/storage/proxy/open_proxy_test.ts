import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StorageError } from "../../../lib/storage/errors.ts";
import { ConnectError } from "../../../lib/storage/proxy/connection_options.ts";
import { openProxy, type OpenProxyOptions } from "../../../lib/storage/proxy/open_proxy.ts";
import { bytesOf, how } from "../../../lib/testing/subject.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { type Sshd, withSshd } from "../../support/sshd.ts";
import { ciphersMayStay } from "./support/old_deno.ts";

const ssh = { ...needs("sshd", "ssh", "ssh-keygen"), ...ciphersMayStay };

function options(sshd: Sshd): OpenProxyOptions {
  return {
    user: sshd.user,
    port: sshd.port,
    keys: [sshd.clientKey],
    knownHosts: [sshd.knownHosts],
    sshConfig: "/dev/null",
  };
}

Deno.test({
  name: "openProxy() opens the far side, or a directory of it, and closes the connection",
  ...ssh,
  fn: () =>
    withTempDir((directory) =>
      withSshd({}, async (sshd) => {
        const whole = await openProxy(sshd.host, options(sshd));
        assertEquals(await whole.realPath(directory), directory);
        await whole.close();
        const storage = await openProxy(sshd.host, { ...options(sshd), root: directory });
        const file = await storage.open("/a", how("write", "create"));
        await file.write(bytesOf("content"), 0);
        await file.close(false);
        await storage.close();
        assertEquals(await Deno.readTextFile(`${directory}/a`), "content");
      })
    ),
});

Deno.test({
  name: "openProxy() refuses a root that is no directory, and leaves no connection",
  ...ssh,
  fn: () =>
    withSshd({}, async (sshd) => {
      const refused = () => openProxy(sshd.host, { ...options(sshd), root: "/no/such" });
      await assertRejects(refused, StorageError);
    }),
});

Deno.test({
  name: "openProxy() refuses a host that is not known, and a far side without SFTP",
  ...ssh,
  fn: () =>
    withSshd({ subsystem: null, command: "true" }, async (sshd) => {
      await assertRejects(() => openProxy(sshd.host, options(sshd)), ConnectError);
      await Deno.writeTextFile(sshd.knownHosts, "");
      const error = await assertRejects(
        () => openProxy(sshd.host, options(sshd)),
        ConnectError,
        "SHA256:",
      );
      assert(!error.message.includes("\n"));
    }),
});

Deno.test({
  name: "openProxy() tells a far side without SFTP in the words of the ssh that reached it",
  ...ssh,
  fn: () =>
    withSshd({ subsystem: null }, async (sshd) => {
      const error = await assertRejects(
        () => openProxy(sshd.host, { ...options(sshd), transport: "openssh" }),
        ConnectError,
        "no SFTP server answered: ",
      );
      assertMatch(error.message, /subsystem request failed/);
    }),
});
