import { assertThrows } from "@std/assert";
import { requireJail } from "../../../lib/cli/authorize/jail_directory.ts";
import { StartError, UsageError } from "../../../lib/cli/errors.ts";
import { parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { withTempDir } from "../../support/files.ts";

/** The account `nobody`, which every system has. */
const NOBODY = 65534;
/** The number of no account. */
const ALICE = 12345;

// Opened once for the process, and so not in a test.
openLibc();

function check(args: readonly string[], install?: string): void {
  const options = parseJailOptions(args);
  if ("print" in options) throw new Error("no options");
  requireJail(options, install);
}

function assertRefused(args: readonly string[], expected: string, install?: string): void {
  assertThrows(() => check(args, install), Error, expected, args.join(" "));
}

Deno.test("requireJail() refuses a DIR in which no session would begin, and says why", () =>
  withTempDir(async (directory) => {
    await Deno.writeTextFile(`${directory}/file`, "");
    assertThrows(() => check(["srv"]), UsageError, 'DIR is relative: "srv"');
    assertThrows(() => check([`${directory}/none`]), StartError, "does not exist");
    assertThrows(() => check([`${directory}/file`]), StartError, "is not a directory");
    assertThrows(() => check(["/srv/%z"]), UsageError, "unknown token %z");
    assertRefused(["/"], "is not a safe jail");
    check(["/usr/share"]);
    check(["/srv/%u"]);
  }));

Deno.test("requireJail() refuses the home that the list is in, and what is above or in its .ssh", () =>
  withTempDir(async (directory) => {
    const home = `${directory}/home`;
    const list = `${home}/.ssh/authorized_keys`;
    await Deno.mkdir(`${home}/share`, { recursive: true });
    await Deno.mkdir(`${home}/.ssh`);
    assertRefused([home], "it holds the account's home directory", list);
    assertRefused([directory], "it holds the account's home directory", list);
    assertRefused([`${home}/.ssh`], "it is .ssh", list);
    assertRefused(["-l", `${home}/share/log`, `${home}/share`], "it holds the log file", list);
    check(["--allow-home", home], list);
    check([`${home}/share`], list);
  }));

function asRoot(name: string, body: (home: string, list: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
    fn: () =>
      withTempDir(async (directory) => {
        await Deno.chmod(directory, 0o755);
        const home = `${directory}/home`;
        await Deno.mkdir(home, { mode: 0o755 });
        await Deno.chown(home, NOBODY, NOBODY);
        await body(home, `${home}/.ssh/authorized_keys`);
      }),
  });
}

asRoot(
  "requireJail() by root judges for the owner of the home, not for root",
  async (home, list) => {
    const jail = `${home}/../jail`;
    await Deno.mkdir(jail, { mode: 0o700 });
    assertRefused([jail], "nobody may not enter", list);
    // A group of the account is enough.
    await Deno.chown(jail, 0, NOBODY);
    await Deno.chmod(jail, 0o750);
    check([jail], list);
    // Without an account in passwd, its groups are not known.
    await Deno.chmod(jail, 0o700);
    await Deno.chown(home, ALICE, ALICE);
    check([jail], list);
    assertThrows(() => check([home], list), StartError, "it holds the account's home directory");
  },
);

asRoot("requireJail() by root expands tokens for the owner of the home", async (home, list) => {
  const base = `${home}/..`;
  assertRefused([`${base}/%u`], "/nobody does not exist", list);
  assertRefused([`${base}/%U`], "/65534 does not exist", list);
  await Deno.mkdir(`${base}/nobody`);
  check([`${base}/%u`], list);
  assertRefused(["-l", `${base}/%u/log`, `${base}/%u`], "it holds the log file", list);
});
