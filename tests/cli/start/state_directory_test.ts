import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { StartError } from "../../../lib/cli/errors.ts";
import { openStateDirectory, type StatePlace } from "../../../lib/cli/start/state_directory.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { withTempDir } from "../../support/files.ts";

const libc = openLibc();

/** The path that is opened; closes it. */
function opened(place: StatePlace): string {
  const { path, descriptor } = openStateDirectory(libc, place);
  libc.close(descriptor);
  return path;
}

/** Why it is not opened. */
function refused(place: StatePlace): string {
  return assertThrows(() => opened(place), StartError).message;
}

/** A home, and no shared folder. */
function homeOnly(directory: string): StatePlace {
  return { given: undefined, home: directory, shared: `${directory}/none` };
}

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

Deno.test("the state folder is made below the home directory, for its owner alone", async () => {
  await withTempDir((directory) => {
    const path = opened(homeOnly(directory));
    assertEquals(path, `${directory}/.local/state/sftpwrap`);
    assertEquals(modeOf(path), 0o700);
    assertEquals(opened(homeOnly(directory)), path);
    return Promise.resolve();
  });
});

Deno.test("the state folder is the user's own in the shared folder, if that exists", async () => {
  await withTempDir(async (directory) => {
    const shared = `${directory}/run`;
    await Deno.mkdir(shared);
    await Deno.chmod(shared, 0o1777);
    const path = opened({ given: undefined, home: undefined, shared });
    assertEquals(path, `${shared}/${libc.geteuid()}`);
    assertEquals(modeOf(path), 0o700);
  });
});

Deno.test("the state folder that is given counts before all others", async () => {
  await withTempDir((directory) => {
    const given = `${directory}/here`;
    assertEquals(opened({ given, home: directory, shared: directory }), given);
    return Promise.resolve();
  });
});

Deno.test("a shared folder in which others may replace folders is refused", async () => {
  await withTempDir(async (directory) => {
    const shared = `${directory}/run`;
    await Deno.mkdir(shared);
    await Deno.chmod(shared, 0o777);
    assertStringIncludes(refused({ given: undefined, home: directory, shared }), "others may");
  });
});

Deno.test("a state folder is refused that is a link, a file, or open to others", async () => {
  await withTempDir(async (directory) => {
    const at = (name: string): StatePlace => ({ given: `${directory}/${name}`, home: undefined });
    await Deno.mkdir(`${directory}/real`, { mode: 0o700 });
    await Deno.symlink("real", `${directory}/link`);
    await Deno.writeTextFile(`${directory}/file`, "");
    await Deno.mkdir(`${directory}/open`);
    await Deno.chmod(`${directory}/open`, 0o770);
    assertStringIncludes(refused(at("link")), "it is a link or no directory");
    assertStringIncludes(refused(at("file")), "it is a link or no directory");
    assertStringIncludes(
      refused(at("open")),
      `others may write in it (chmod 700 ${directory}/open`,
    );
    assertStringIncludes(refused(at("missing/below")), "no such file");
  });
});

Deno.test({
  name: "a state folder of another user is refused",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withTempDir(async (directory) => {
      await Deno.mkdir(`${directory}/theirs`, { mode: 0o700 });
      await Deno.chown(`${directory}/theirs`, 12345, 12345);
      const place = { given: `${directory}/theirs`, home: undefined };
      assertStringIncludes(refused(place), "it belongs to user 12345");
    }),
});

Deno.test("a state folder in the jail is refused before it is made", async () => {
  await withTempDir((directory) => {
    const message = refused({ ...homeOnly(directory), jail: directory });
    assertStringIncludes(message, "it is in the jail");
    assert([...Deno.readDirSync(directory)].length === 0);
    return Promise.resolve();
  });
});

Deno.test("without a home directory, the message names the option", () => {
  const place = { given: undefined, home: undefined, shared: "/nonexistent" };
  assertStringIncludes(refused(place), "--state-dir DIR");
});
