import { assertEquals } from "@std/assert";
import { accountFor, homeOf, NO_ACCOUNT } from "../../../lib/cli/authorize/account.ts";
import { identity } from "../../../lib/cli/start/host.ts";
import { withTempDir } from "../../support/files.ts";

Deno.test("homeOf() is the directory that holds .ssh, or the list itself", () => {
  assertEquals(
    [...["/home/a/.ssh/authorized_keys", "/etc/keys/a", ".ssh/keys", "keys", "/keys", "/.ssh/k"]]
      .map(homeOf),
    ["/home/a", "/etc/keys", ".", ".", "/", "/"],
  );
});

Deno.test("accountFor() is this account, unless root works for another", () =>
  withTempDir((home) => {
    const expected = Deno.uid() === 0 ? NO_ACCOUNT : identity();
    assertEquals([accountFor(undefined), accountFor(`${home}/keys`)], [expected, expected]);
    assertEquals(accountFor(`${identity().home}/.ssh/authorized_keys`).uid, identity().uid);
    return Promise.resolve();
  }));

Deno.test({
  name: "accountFor() by root is the owner of the home that the list is in",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    withTempDir(async (home) => {
      const list = `${home}/.ssh/authorized_keys`;
      await Deno.chown(home, 65534, 65534);
      assertEquals(accountFor(list), { user: "nobody", uid: 65534, home: "/nonexistent" });
      await Deno.chown(home, 12345, 12345);
      assertEquals(accountFor(list), { user: undefined, uid: 12345, home });
    }),
});
