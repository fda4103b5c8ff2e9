import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { StartError } from "../../../lib/cli/errors.ts";
import { updateFile } from "../../../lib/cli/files/update_file.ts";
import { updateFilePortably } from "../../../lib/cli/files/update_file_portable.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { withTempDir } from "../../support/files.ts";
import { namesIn } from "../../support/jail_fixture.ts";
import { run } from "../../support/run.ts";
import { startSwapper } from "../../support/swapper.ts";
import { sftpwrap } from "../../support/wire_session.ts";

const ALICE = 12345;
const ALICES = 23456;

// Opened once for the process, and so not in a test.
openLibc();

/** The owner of a file, and its mode. */
function ownerOf(path: string): string {
  const { uid, gid, mode } = Deno.lstatSync(path);
  return `${uid}:${gid} ${((mode ?? 0) & 0o7777).toString(8)}`;
}

/** Enough for a swapper to start. */
const MAX_ROUNDS = 20_000;

const append = (text: string) => `${text}key\n`;

/** A home of another user, and a file of root's that it must not lead to. */
interface Homes {
  readonly home: string;
  readonly rootsDirectory: string;
  readonly rootsFile: string;
}

const withDirectory = (use: (directory: string) => void) =>
  withTempDir((directory) => Promise.resolve(use(directory)));

function asRoot(name: string, body: (homes: Homes) => void | Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
    fn: () =>
      withTempDir(async (directory) => {
        await Deno.chmod(directory, 0o711);
        const home = `${directory}/home`;
        const rootsDirectory = `${directory}/roots`;
        const rootsFile = `${rootsDirectory}/authorized_keys`;
        await Deno.mkdir(home, { mode: 0o755 });
        await Deno.chown(home, ALICE, ALICES);
        await Deno.mkdir(rootsDirectory, { mode: 0o755 });
        await Deno.writeTextFile(rootsFile, "root's\n", { mode: 0o644 });
        await body({ home, rootsDirectory, rootsFile });
      }),
  });
}

/** Makes `.ssh` in a home, as its owner does. */
async function makeKeys(home: string): Promise<string> {
  const directory = `${home}/.ssh`;
  await Deno.mkdir(directory, { mode: 0o700 });
  await Deno.chown(directory, ALICE, ALICES);
  return directory;
}

function contentOf(path: string): string {
  return Deno.readTextFileSync(path);
}

/** Replaces whatever is there with a file of ALICE's. */
function putAlices(file: string): void {
  const beside = `${file}-new`;
  Deno.writeTextFileSync(beside, "alice's\n");
  Deno.chmodSync(beside, 0o666);
  Deno.chownSync(beside, ALICE, ALICES);
  Deno.renameSync(beside, file);
}

/** Replaces whatever is there with a link. */
function layLink(target: string, link: string): void {
  Deno.symlinkSync(target, `${link}-new`);
  Deno.renameSync(`${link}-new`, link);
}

function isLink(path: string): boolean {
  return Deno.lstatSync(path).isSymlink;
}

asRoot("updateFile() by root makes .ssh and the file for the owner of the home", ({ home }) => {
  updateFile(`${home}/.ssh/authorized_keys`, append);
  assertEquals(contentOf(`${home}/.ssh/authorized_keys`), "key\n");
  assertEquals(ownerOf(`${home}/.ssh`), "12345:23456 700");
  assertEquals(ownerOf(`${home}/.ssh/authorized_keys`), "12345:23456 600");
  assertEquals(namesIn(`${home}/.ssh`), ["authorized_keys"]);
});

asRoot("updateFile() by root is root again afterwards, with all its groups", ({ home }) => {
  const libc = openLibc();
  const groups = libc.getgroups();
  updateFile(`${home}/.ssh/authorized_keys`, append);
  assertThrows(() => updateFile(`${home}/missing/authorized_keys`, append), StartError);
  assertEquals([libc.setfsuid(-1), libc.setfsgid(-1)], [0, 0]);
  assertEquals(libc.getgroups(), groups);
});

asRoot(
  "updateFile() by root keeps mode and owner in another user's directory",
  async ({ home }) => {
    const file = `${await makeKeys(home)}/authorized_keys`;
    await Deno.writeTextFile(file, "old\n");
    await Deno.chmod(file, 0o640);
    await Deno.chown(file, ALICE, ALICES);
    updateFile(file, append);
    assertEquals(contentOf(file), "old\nkey\n");
    assertEquals(ownerOf(file), "12345:23456 640");
    // A group to which the owner may not give it has no rights either.
    await Deno.chown(file, ALICE, 34567);
    updateFile(file, append);
    assertEquals(ownerOf(file), "12345:23456 600");
  },
);

asRoot(
  "updateFile() by root changes no file that the owner of a directory could not change",
  async ({
    home,
    rootsDirectory,
    rootsFile,
  }) => {
    const keys = await makeKeys(home);
    const plant: Record<string, () => void> = {
      "a link to the file": () => Deno.symlinkSync(rootsFile, `${keys}/authorized_keys`),
      "a relative link": () =>
        Deno.symlinkSync("../../roots/authorized_keys", `${keys}/authorized_keys`),
      "a hard link": () => Deno.linkSync(rootsFile, `${keys}/authorized_keys`),
      "a link to a file that is not there": () =>
        Deno.symlinkSync(`${rootsDirectory}/new`, `${keys}/authorized_keys`),
      "a link to the folder": () => {
        Deno.removeSync(keys, { recursive: true });
        Deno.symlinkSync(rootsDirectory, keys);
      },
    };
    for (const [what, planted] of Object.entries(plant)) {
      planted();
      assertThrows(
        () => updateFile(`${home}/.ssh/authorized_keys`, append),
        StartError,
        "12345",
        what,
      );
      assertEquals(contentOf(rootsFile), "root's\n", what);
      assertEquals(ownerOf(rootsFile), "0:0 644", what);
      assertEquals(namesIn(rootsDirectory), ["authorized_keys"], what);
      assertEquals(ownerOf(rootsDirectory), "0:0 755", what);
      if (!isLink(keys)) await Deno.remove(`${keys}/authorized_keys`);
    }
  },
);

asRoot("updateFile() by root waits for no FIFO and no device", async ({ home }) => {
  const keys = await makeKeys(home);
  await new Deno.Command("mkfifo", { args: [`${keys}/authorized_keys`] }).output();
  await Deno.chown(`${keys}/authorized_keys`, ALICE, ALICES);
  assertThrows(
    () => updateFile(`${keys}/authorized_keys`, append),
    StartError,
    "not a regular file",
  );
});

asRoot("updateFile() by root trusts no directory of root's that others may change", async ({
  home,
  rootsDirectory,
}) => {
  for (const mode of [0o777, 0o775, 0o1777]) {
    await Deno.chmod(rootsDirectory, mode);
    assertThrows(
      () => updateFile(`${rootsDirectory}/new`, append),
      StartError,
      "others may change",
    );
  }
  await Deno.symlink(home, `${rootsDirectory}/link`);
  const libc = openLibc();
  assertEquals(libc.fchownat(-100, bytes(`${rootsDirectory}/link`), ALICE, ALICES, 0x100), 0);
  assertThrows(() => updateFile(`${rootsDirectory}/link/x`, append), StartError, "link");
  assertEquals(namesIn(home), []);
});

asRoot(
  "updateFile() by root lets others read a new list in a directory of root's that they may enter",
  ({
    rootsDirectory,
  }) => {
    updateFile(`${rootsDirectory}/alice`, append);
    assertEquals(ownerOf(`${rootsDirectory}/alice`), "0:0 644");
  },
);

asRoot(
  "updateFile() by root leaves a foreign file alone while its owner swaps the folder for a link",
  async ({
    home,
    rootsDirectory,
    rootsFile,
  }) => {
    const keys = await makeKeys(home);
    await Deno.symlink(rootsDirectory, `${home}/link`);
    const swapper = startSwapper(keys, `${home}/link`);
    let [done, refused] = [0, 0];
    try {
      for (let round = 0; round < 400 || (round < MAX_ROUNDS && done * refused === 0); round++) {
        try {
          updateFile(`${keys}/authorized_keys`, () => `${round}\n`);
          done++;
        } catch (error) {
          assert(error instanceof StartError);
          refused++;
        }
        assertEquals(contentOf(rootsFile), "root's\n");
      }
      assert(done > 0 && refused > 0);
    } finally {
      await swapper.stop();
    }
    assertEquals(ownerOf(rootsFile), "0:0 644");
    assertEquals(namesIn(rootsDirectory), ["authorized_keys"]);
    assertEquals(ownerOf(`${keys}/authorized_keys`), "12345:23456 600");
  },
);

asRoot(
  "updateFile() by root leaves a foreign file alone while the owner swaps the file for a link",
  async ({
    home,
    rootsFile,
  }) => {
    const keys = await makeKeys(home);
    const file = `${keys}/authorized_keys`;
    await Deno.writeTextFile(file, "alice's\n", { mode: 0o600 });
    await Deno.chown(file, ALICE, ALICES);
    await Deno.symlink(rootsFile, `${keys}/link`);
    const swapper = startSwapper(file, `${keys}/link`);
    let [done, refused] = [0, 0];
    try {
      // The swapper takes a while to start.
      for (let round = 0; round < 400 || (round < MAX_ROUNDS && done * refused === 0); round++) {
        try {
          updateFile(file, () => `${round}\n`);
          done++;
        } catch (error) {
          assert(error instanceof StartError);
          refused++;
        }
        assertEquals(contentOf(rootsFile), "root's\n");
        assertEquals(ownerOf(rootsFile), "0:0 644");
        // A link that was replaced is made again, so that there is something to swap.
        if (![file, `${keys}/link`].some(isLink)) layLink(rootsFile, `${keys}/link`);
      }
      assert(done > 0 && refused > 0);
    } finally {
      await swapper.stop();
    }
  },
);

asRoot(
  "updateFile() by root leaves a foreign file alone while the owner puts links over its new one",
  async ({
    home,
    rootsFile,
  }) => {
    const keys = await makeKeys(home);
    const script = fileURLToPath(new URL("../update_file_racer.ts", import.meta.url));
    const racer = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--quiet", "-A", script, keys, rootsFile],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const said = racer.stdout.getReader();
    await said.read();
    try {
      for (let round = 0; round < 60; round++) {
        const file = `${keys}/authorized_keys`;
        putAlices(file);
        try {
          updateFile(file, append);
        } catch (error) {
          assert(error instanceof StartError);
        }
        assertEquals(ownerOf(rootsFile), "0:0 644");
        assertEquals(contentOf(rootsFile), "root's\n");
      }
    } finally {
      await racer.stdin.close();
      await said.read();
      await said.cancel();
      await racer.status;
    }
  },
);

Deno.test("updateFile() makes a .ssh that is missing, and no other directory", () =>
  withDirectory((directory) => {
    updateFile(`${directory}/.ssh/authorized_keys`, append);
    assertMatch(ownerOf(`${directory}/.ssh`), / 700$/);
    assertMatch(ownerOf(`${directory}/.ssh/authorized_keys`), / 600$/);
    for (const path of ["ssh/authorized_keys", "a/.ssh/authorized_keys"]) {
      assertThrows(() => updateFile(`${directory}/${path}`, append), StartError, "no such file");
    }
    assertEquals(namesIn(directory), [".ssh"]);
  }));

Deno.test("updateFile() leaves nothing behind when the change fails", () =>
  withDirectory((directory) => {
    const failing = () => {
      throw new Error("no change");
    };
    assertThrows(() => updateFile(`${directory}/keys`, failing), StartError, "no change");
    assertEquals(namesIn(directory), []);
  }));

Deno.test("updateFilePortably() works only in the user's own directory, for root too", () =>
  withDirectory((directory) => {
    const file = `${directory}/.ssh/authorized_keys`;
    updateFilePortably(file, append);
    updateFilePortably(file, append);
    assertEquals(contentOf(file), "key\nkey\n");
    assertMatch(ownerOf(`${directory}/.ssh`), / 700$/);
    if (Deno.uid() !== 0) return;
    Deno.chownSync(`${directory}/.ssh`, ALICE, ALICES);
    assertThrows(() => updateFilePortably(file, append), StartError, "belongs to another user");
    assertEquals(contentOf(file), "key\nkey\n");
    assertEquals(namesIn(`${directory}/.ssh`), ["authorized_keys"]);
  }));

asRoot("updateFilePortably() by root makes no .ssh in another user's home", ({ home }) => {
  const file = `${home}/.ssh/authorized_keys`;
  assertThrows(() => updateFilePortably(file, append), StartError, "belongs to another user");
  assertEquals(namesIn(home), []);
});

asRoot(
  "a log of root's in another user's directory is that user's, and leads nowhere else",
  async ({
    home,
    rootsFile,
  }) => {
    const jail = `${home}/../jail`;
    await Deno.mkdir(jail);
    const start = async (log: string) => {
      const [deno = "", ...words] = sftpwrap(["jail", "-l", log, "--allow-home", jail]);
      return await run(deno, words, { input: "", env: { SSH_ORIGINAL_COMMAND: "internal-sftp" } });
    };
    assertEquals((await start(`${home}/log`)).code, 0);
    assertEquals(ownerOf(`${home}/log`), "12345:23456 600");
    assertMatch(await Deno.readTextFile(`${home}/log`), /session opened/);
    await Deno.symlink(rootsFile, `${home}/link`);
    const { code, stderr } = await start(`${home}/link`);
    assertEquals(code, 0);
    assertMatch(stderr, /^sftpwrap: cannot open the log [^\n]+\n$/);
    assertEquals(await Deno.readTextFile(rootsFile), "root's\n");
  },
);

function bytes(path: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${path}\0`);
}
