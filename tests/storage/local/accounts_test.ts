import { assert, assertEquals } from "@std/assert";
import { readAccounts } from "../../../lib/storage/local/accounts.ts";
import { LIBC_PATHS, openLibc } from "../../../lib/linux/libc.ts";
import { withTempDir } from "../../support/files.ts";
import { ask } from "../../support/raw.ts";
import { runOk } from "../../support/run.ts";
import { ChildServer, sftpwrap } from "../../support/wire_session.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

// What is opened once and for all is no leak of the test that is the first.
const libc = openLibc();
const names = libc.openNames();

/** A number that no account has. */
const UNKNOWN = 424_242;

Deno.test({
  name: "libc names users and groups as id(1) does, and knows its own",
  ...LINUX,
  async fn() {
    const id = async (option: string) => (await runOk("id", [option])).trim();
    assertEquals(libc.getuid(), Number(await id("-u")));
    const groups = (await id("-G")).split(" ").map(Number);
    const own = new Set([libc.getgid(), ...libc.getgroups()]);
    assertEquals([...own].sort(), groups.sort());
    assertEquals(names.userName(libc.getuid()), await id("-un"));
    assertEquals(names.groupName(libc.getgid()), await id("-gn"));
    assertEquals([names.userName(UNKNOWN), names.groupName(UNKNOWN)], [undefined, undefined]);
  },
});

Deno.test("readAccounts() asks libc for its own user and groups, where the files lack them", () => {
  const asked: string[] = [];
  const namesOf = (known: Record<number, string>, kind: string) => (id: number) => {
    asked.push(`${kind} ${id}`);
    return known[id];
  };
  const accounts = readAccounts({
    getuid: () => UNKNOWN,
    getgid: () => 0,
    getgroups: () => Uint32Array.of(UNKNOWN, UNKNOWN + 1),
    openNames: () => ({
      userName: namesOf({ [UNKNOWN]: "alice@example.org" }, "user"),
      groupName: namesOf({ [UNKNOWN]: "domain users" }, "group"),
    }),
  });
  assertEquals(asked, [`user ${UNKNOWN}`, `group ${UNKNOWN}`, `group ${UNKNOWN + 1}`]);
  assertEquals(accounts.user(UNKNOWN), "alice@example.org");
  assertEquals(accounts.group(UNKNOWN), "domain users");
  assertEquals([accounts.user(0), accounts.group(0)], ["root", "root"]);
  assertEquals([accounts.user(UNKNOWN + 1), accounts.group(UNKNOWN + 1)], [undefined, undefined]);
});

Deno.test("readAccounts() opens nothing more where the files know this account", () => {
  const accounts = readAccounts({
    getuid: () => 0,
    getgid: () => 0,
    getgroups: () => Uint32Array.of(0),
    openNames: () => {
      throw new Error("asked for names");
    },
  });
  assertEquals(accounts.user(0), "root");
});

Deno.test({
  name: "a session without /etc/passwd and /etc/group still names its own user and group",
  ...LINUX,
  fn: () =>
    withTempDir(async (jail) => {
      await Deno.writeTextFile(`${jail}/file`, "");
      const flags = [
        `--allow-read=${jail}`,
        `--allow-write=${jail}`,
        `--allow-ffi=${LIBC_PATHS.join(",")}`,
      ];
      for (const mode of ["kernel", "portable"]) {
        const server = new ChildServer(sftpwrap(["jail", `--confine=${mode}`, jail], flags));
        await server.greet();
        const listing = await server.ask(ask.readdir(await server.handle(ask.opendir("/"))));
        assert(listing.kind === "name");
        const { longname } = listing.names.find(({ filename }) => filename === "file")!;
        const [user, group] = [await runOk("id", ["-un"]), await runOk("id", ["-gn"])];
        assertEquals(longname.split(/ +/).slice(2, 4), [user.trim(), group.trim()]);
        await server.end();
      }
    }),
});
