import { assert, assertEquals, assertMatch } from "@std/assert";
import { sha256Of } from "../../support/files.ts";
import { EICAR, isAlive, makeScanner, onlyFileIn, withScripts } from "../../support/hooks.ts";
import { needs } from "../../support/programs.ts";
import { ask, Flag } from "../../support/raw.ts";
import { runOk, until } from "../../support/run.ts";
import { ChildServer, run as runProgram, sftpwrap } from "../../support/wire_session.ts";
import { inJail, messageOf, Overlapping, upload } from "./jail_session.ts";

const NEW = Flag.WRITE | Flag.CREAT | Flag.TRUNC;

/** The names in a directory, without the folder in which sessions note their drafts. */
async function namesIn(directory: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  return names.filter((name) => name !== ".sftpwrap-sessions").sort();
}

Deno.test("a command sees the whole upload before anyone else, and its status 0 publishes it", async () => {
  await withScripts(async (scripts) => {
    const { directory } = scripts;
    const path = await scripts.script(
      "hook",
      `cat >${directory}/told; ls ${directory}/jail >${directory}/names`,
    );
    const log = await inJail([`--on=upload=${path}`], scripts, async (server, jail) => {
      assertEquals(messageOf(await upload(server, "/file", "text")), "ok");
      assertEquals(await Deno.readTextFile(`${jail}/file`), "text");
      assertEquals(messageOf(await upload(server, "/file", "")), "ok");
    });
    assertEquals(await scripts.told("names"), "file\n");
    const told = JSON.parse(await scripts.told());
    assertEquals([told.event, told.path, told.size, told.replaces], ["upload", "/file", 0, true]);
    assertMatch(told.hostPath, /\/jail\/\.sftpwrap-[0-9a-f-]+\.part$/);
    assertMatch(log, /hook for upload "\/file": accepted\n/);
  });
});

Deno.test("with --log-hash=sha256 a command is told the digest of the content, by whatever handle", async () => {
  await withScripts(async (scripts) => {
    const path = await scripts.script("hook", `cat >>${scripts.directory}/told`);
    const options = [`--on=upload=${path}`, "--log-hash=sha256"];
    await inJail(options, scripts, async (server) => {
      const one = await server.handle(ask.open("/file", NEW));
      await server.ask(ask.write(one, 0, "good"));
      const two = await server.handle(ask.open("/file", Flag.WRITE));
      await server.ask(ask.write(two, 0, "evil"));
      await server.ask(ask.close(two));
      assertEquals(messageOf(await server.ask(ask.close(one))), "ok");
    });
    const told = (await scripts.told()).trim().split("\n").map((line) => JSON.parse(line).sha256);
    const digest = await sha256Of(new TextEncoder().encode("evil"));
    assertEquals(told, [digest, digest]);
  });
});

Deno.test("what a command refuses is gone when CLOSE is answered, and the old file is back", async () => {
  await withScripts(async (scripts) => {
    const path = await makeScanner(scripts.directory);
    const log = await inJail([`--on=upload=${path}`], scripts, async (server, jail) => {
      assertEquals(messageOf(await upload(server, "/old", "old")), "ok");
      const refused = "Failure: Eicar-Test-Signature FOUND";
      for (const name of ["/old", "/new"]) {
        assertEquals(messageOf(await upload(server, name, EICAR)), refused);
        assertEquals(await namesIn(jail), ["old"]);
      }
      // Nor by continuing a file, or by a second handle.
      const rest = await server.handle(ask.open("/old", Flag.WRITE));
      const other = await server.handle(ask.open("/old", Flag.WRITE));
      await server.ask(ask.write(rest, 0, EICAR));
      assertEquals(messageOf(await server.ask(ask.close(rest))), refused);
      await server.ask(ask.close(other));
      assertEquals(await Deno.readTextFile(`${jail}/old`), "old");
      assertEquals(await namesIn(jail), ["old"]);
    });
    assertMatch(log, /hook for upload "\/new": refused with status 1: Eicar-Test-Signature FOUND/);
    assertMatch(log, /sent status Failure: Eicar-Test-Signature FOUND/);
  });
});

Deno.test("what is refused is in the quarantine, also on another file system", async () => {
  await withScripts(async (scripts) => {
    const path = await makeScanner(scripts.directory);
    const elsewhere = await Deno.makeTempDir({ dir: "/dev/shm" });
    const here = `${scripts.directory}/quarantine`;
    await Deno.mkdir(here);
    try {
      for (const quarantine of [here, elsewhere]) {
        const options = [`--on=upload=${path}`, `--quarantine=${quarantine}`];
        const log = await inJail(options, scripts, async (server, jail) => {
          await upload(server, "/a b\n.exe", EICAR);
          assertEquals(await namesIn(jail), []);
        });
        const { name, text } = await onlyFileIn(quarantine);
        assertEquals(text, EICAR);
        assertMatch(name, /^\d{8}T\d{6}Z-[0-9a-f]{8}-a_b_\.exe$/);
        assertEquals((await Deno.stat(`${quarantine}/${name}`)).mode! & 0o777, 0o600);
        assert(log.includes(`upload "/a b\\012.exe" is in the quarantine as "${name}"`), log);
      }
    } finally {
      await Deno.remove(elsewhere, { recursive: true });
    }
  });
});

const isRoot = Deno.uid() === 0;

Deno.test({
  name: "what a full quarantine cannot take is refused all the same, and nothing of it stays there",
  ...needs("mount", "umount"),
  async fn() {
    if (!isRoot) return;
    await withScripts(async (scripts) => {
      const quarantine = `${scripts.directory}/quarantine`;
      await Deno.mkdir(quarantine);
      await runOk("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", quarantine]);
      try {
        const options = ["--on=upload=/bin/false", `--quarantine=${quarantine}`];
        const log = await inJail(options, scripts, async (server, jail) => {
          const refused = "Failure: refused by the server";
          assertEquals(messageOf(await upload(server, "/big", "x".repeat(200_000))), refused);
          assertEquals(await namesIn(jail), []);
        });
        assertMatch(log, /upload "\/big" is not in the quarantine: no space left on device/);
        assertEquals(await namesIn(quarantine), []);
      } finally {
        await runOk("umount", ["-l", quarantine]);
      }
    });
  },
});

Deno.test("a quarantine that is missing, not a directory, or in the jail refuses to start", async () => {
  await withScripts(async ({ directory }) => {
    const jail = `${directory}/jail`;
    await Deno.mkdir(`${jail}/inside`, { recursive: true });
    await Deno.writeTextFile(`${directory}/file`, "");
    await Deno.symlink(`${jail}/inside`, `${directory}/link`);
    const expected: Record<string, RegExp> = {
      [`${directory}/missing`]: /no such file/,
      [`${directory}/file`]: /not a directory/,
      [`${jail}/inside`]: /in the jail/,
      [`${directory}/link`]: /in the jail/,
      "quarantine": /not an absolute path/,
    };
    for (const [place, reason] of Object.entries(expected)) {
      const options = ["--on=upload=/bin/true", `--quarantine=${place}`];
      const { code, stderr } = await runProgram(sftpwrap(["jail", ...options, jail]));
      assertEquals(code, 1, place);
      assertMatch(stderr, reason);
    }
  });
});

Deno.test("while a command decides, other handles go on, and nothing of what it decides about changes", async () => {
  await withScripts(async (scripts) => {
    const { directory } = scripts;
    const path = await scripts.script(
      "hook",
      `read doc; touch ${directory}/runs; while [ ! -e ${directory}/go ]; do sleep 0.01; done\n` +
        `cat ${directory}/jail/.sftpwrap-*.part >${directory}/seen`,
    );
    await inJail([`--on=upload=${path}`], scripts, async (server, jail) => {
      await Deno.writeTextFile(`${jail}/other`, "other");
      const file = await server.handle(ask.open("/file", NEW));
      const reads = await server.handle(ask.open("/other", Flag.READ));
      await server.ask(ask.write(file, 0, "good"));
      const overlapping = new Overlapping(server);
      const closing = overlapping.ask(ask.close(file));
      await until(async () => (await namesIn(directory)).includes("runs"), { what: "the hook" });
      const read = await overlapping.ask(ask.read(reads, 0, 10));
      assertEquals(read.kind, "data");
      // The session finds what it has written.
      const found = await overlapping.ask(ask.stat("/file"));
      assertEquals(found.kind === "attrs" && found.attrs.size, 4n);
      assertEquals(messageOf(await overlapping.ask(ask.mkdir("/dir"))), "ok");
      // These wait.
      const removing = overlapping.ask(ask.remove("/file"));
      await Deno.writeTextFile(`${directory}/go`, "");
      assertEquals(messageOf(await closing), "ok");
      assertEquals(messageOf(await removing), "ok");
      assertEquals(await namesIn(jail), ["dir", "other"]);
    });
    assertEquals(await scripts.told("seen"), "good");
  });
});

for (
  const [name, change] of Object.entries({
    "an OPEN for writing": ask.open("/dir/file", Flag.WRITE),
    "an OPEN that truncates": ask.open("/dir/file", NEW),
    "SETSTAT of a size": ask.setstat("/dir/file", { size: 1 }),
    "RENAME": ask.rename("/dir/file", "/renamed"),
    "RENAME of its directory": ask.rename("/dir", "/renamed"),
  })
) {
  Deno.test(`${name} waits until it is decided about the file`, async () => {
    await withScripts(async (scripts) => {
      const { directory } = scripts;
      const path = await scripts.script(
        "hook",
        `touch ${directory}/runs$$; while [ ! -e ${directory}/go ]; do sleep 0.01; done\n` +
          `cat ${directory}/jail/dir/.sftpwrap-*.part >>${directory}/seen`,
      );
      await inJail([`--on=upload=${path}`], scripts, async (server) => {
        await server.ask(ask.mkdir("/dir"));
        const file = await server.handle(ask.open("/dir/file", NEW));
        await server.ask(ask.write(file, 0, "good"));
        const overlapping = new Overlapping(server);
        const closing = overlapping.ask(ask.close(file));
        const runs = async () => (await namesIn(directory)).some((name) => name.startsWith("runs"));
        await until(runs, { what: "the hook" });
        let isChanged = false;
        const changing = overlapping.ask(change).then(() => isChanged = true);
        await new Promise((resolve) => setTimeout(resolve, 100));
        assert(!isChanged);
        await Deno.writeTextFile(`${directory}/go`, "");
        assertEquals(messageOf(await closing), "ok");
        await changing;
      });
      assertMatch(await scripts.told("seen"), /^good/);
    });
  });
}

Deno.test("an upload whose session dies while a command decides is not published", async () => {
  await withScripts(async (scripts) => {
    const { directory } = scripts;
    const jail = `${directory}/jail`;
    await Deno.mkdir(jail);
    const path = await scripts.script("hook", `echo $$ >${directory}/pid; exec sleep 1000`);
    const words = sftpwrap(["jail", `--on=upload=${path}`, jail]);
    const server = new ChildServer(words);
    await server.greet();
    const file = await server.handle(ask.open("/file", NEW));
    new Overlapping(server).ask(ask.close(file));
    await until(async () => (await scripts.told("pid")).endsWith("\n"), { what: "the hook" });
    Deno.kill(server.pid, "SIGKILL");
    await server.end();
    const pid = Number(await scripts.told("pid"));
    await until(async () => !await isAlive(pid), { what: "its end" });
    assert((await namesIn(jail)).every((name) => name.startsWith(".sftpwrap-")));
    // The next session sweeps.
    await runOk("sftp", ["-b", "-", "-D", sftpwrap(["jail", "--atomic-uploads", jail]).join(" ")], {
      input: "ls\n",
    });
    assertEquals((await namesIn(jail)).filter((name) => name.endsWith(".part")), []);
  });
});

Deno.test("a read-only jail has no uploads to decide about", async () => {
  await withScripts(async (scripts) => {
    const options = ["--on=upload=/bin/false", "--read-only"];
    await inJail(options, scripts, async (server) => {
      assertEquals((await server.ask(ask.open("/file", NEW))).kind, "status");
    });
  });
});

Deno.test("an upload that no command could decide about is refused, and quarantined", async () => {
  await withScripts(async (scripts) => {
    const quarantine = `${scripts.directory}/quarantine`;
    await Deno.mkdir(quarantine);
    const options = ["--on=upload=/missing", `--quarantine=${quarantine}`];
    await inJail(options, scripts, async (server, jail) => {
      const refused = "Failure: could not be checked";
      assertEquals(messageOf(await upload(server, "/file", "text")), refused);
      assertEquals(await namesIn(jail), []);
    });
    assertEquals((await onlyFileIn(quarantine)).text, "text");
  });
});
