import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Scripts, withScripts } from "../../support/hooks.ts";
import { ask, Flag } from "../../support/raw.ts";
import { inJail, messageOf, upload } from "./jail_session.ts";
import { until } from "../../support/run.ts";
import { type ChildServer, run, sftpwrap } from "../../support/wire_session.ts";

const EACCES = -13;

/** The helper of a session: its only child. */
async function helperOf({ pid }: ChildServer): Promise<number> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return Number(children.trim());
}

const EVENTS = ["session-start", "uploaded", "download", "rename", "delete", "mkdir", "rmdir"];

Deno.test("each event tells its command who did what, in the order in which it happened", async () => {
  await withScripts(async (scripts) => {
    const path = await scripts.script("hook", `cat >>${scripts.directory}/told`);
    const on = [...EVENTS, "aborted", "session-end"].map((event) => `--on=${event}=${path}`);
    const log = await inJail(on, scripts, async (server) => {
      await server.ask(ask.mkdir("/d"));
      await upload(server, "/d/a\n\"'", "text");
      await upload(server, "/empty", "");
      const handle = await server.handle(ask.open("/d/a\n\"'", Flag.READ));
      await server.ask(ask.read(handle, 0, 100));
      await server.ask(ask.close(handle));
      await server.ask(ask.rename("/d/a\n\"'", "/b"));
      await server.ask(ask.posixRename("/b", "/c"));
      await server.ask(ask.remove("/c"));
      await server.ask(ask.remove("/missing"));
      await server.ask(ask.rmdir("/d"));
      const open = await server.handle(ask.open("/cut", Flag.WRITE | Flag.CREAT));
      await server.ask(ask.write(open, 0, new Uint8Array(7)));
    });
    const told = (await scripts.told()).trim().split("\n").map((line) => JSON.parse(line));
    const shown = told.map(({ event, path, hostPath, to, hostTo, size, bytes }) => {
      assertEquals(
        [hostPath, hostTo],
        [path, to].map((path) => path && `${jailOf(scripts)}${path}`),
      );
      return [event, path, to, size, bytes].filter((field) => field !== undefined).join(" ");
    });
    assertEquals(shown, [
      "session-start",
      "mkdir /d",
      "uploaded /d/a\n\"' 4 4",
      "uploaded /empty 0 0",
      "download /d/a\n\"' 4",
      "rename /d/a\n\"' /b",
      "rename /b /c",
      "delete /c",
      "rmdir /d",
      "aborted /cut 7",
      "session-end",
    ]);
    const { session } = told[0];
    const whose = { session, user: "alice", logUser: "bob", client: "192.0.2.1", port: 2022 };
    for (const { user, logUser, client, port, session } of told) {
      assertEquals({ session, user, logUser, client, port }, whose);
    }
    const { status, files, read, written } = told.at(-1);
    assertEquals({ status, files, read, written }, { status: 0, files: 4, read: 4, written: 11 });
    assert(!log.includes("hook for"), log);
  });
});

function jailOf({ directory }: Scripts): string {
  return `${directory}/jail`;
}

Deno.test("a command may refuse what is about to happen, and the client gets its reason", async () => {
  await withScripts(async (scripts) => {
    const path = await scripts.script("hook", `printf 'not\\033 now\\nmore' >&2; exit 2`);
    const yes = await scripts.script("yes", "exit 0");
    const events = ["download", "delete", "rename", "mkdir", "rmdir"];
    const on = events.map((event) => `--on=before-${event}=${path}`);
    const log = await inJail(
      [`--on=before-delete=${yes}`, ...on],
      scripts,
      async (server, jail) => {
        await Deno.writeTextFile(`${jail}/file`, "text");
        await Deno.mkdir(`${jail}/dir`);
        for (
          const request of [
            ask.open("/file", Flag.READ),
            ask.open("/file", Flag.READ | Flag.WRITE),
            ask.remove("/file"),
            ask.rename("/file", "/other"),
            ask.posixRename("/file", "/other"),
            ask.mkdir("/new"),
            ask.rmdir("/dir"),
          ]
        ) {
          assertEquals(messageOf(await server.ask(request)), "Failure: not\\033 now");
        }
        assertEquals(messageOf(await upload(server, "/up", "x")), "ok");
        const names = (await Array.fromAsync(Deno.readDir(jail))).map(({ name }) => name).sort();
        assertEquals(names, ["dir", "file", "up"]);
      },
    );
    assertMatch(log, /hook for before-delete "\/file": refused with status 2: not\\033 now\n/);
  });
});

Deno.test("what could not be decided is refused, and accepted with --on-failure=accept", async () => {
  await withScripts(async (scripts) => {
    for (const accept of [false, true]) {
      const options = ["--on=before-mkdir=/missing", ...accept ? ["--on-failure=accept"] : []];
      const log = await inJail(options, scripts, async (server) => {
        const expected = accept ? "ok" : "Failure: could not be checked";
        assertEquals(messageOf(await server.ask(ask.mkdir("/new"))), expected);
      });
      const consequence = accept ? "accepted all the same" : "refused";
      assertMatch(
        log,
        new RegExp(`hook for before-mkdir "/new" failed: it cannot be started: .*; ${consequence}`),
      );
    }
  });
});

Deno.test("when the helper dies, everything that a command decides is refused", async () => {
  await withScripts(async (scripts) => {
    const yes = await scripts.script("yes", "exit 0");
    const on = ["mkdir", "before-mkdir", "session-end"].map((event) => `--on=${event}=${yes}`);
    const log = await inJail(on, scripts, async (server) => {
      assertEquals(messageOf(await server.ask(ask.mkdir("/one"))), "ok");
      Deno.kill(await helperOf(server), "SIGKILL");
      assertEquals(messageOf(await server.ask(ask.mkdir("/two"))), "Failure: could not be checked");
      assertEquals((await server.ask(ask.stat("/one"))).kind, "attrs");
    });
    assertMatch(log, /before-mkdir "\/two" failed: the helper process has ended; refused/);
    assertMatch(log, /session-end failed: the helper process has ended/);
  });
});

Deno.test("a command that tells of what happened and fails is logged, and changes nothing", async () => {
  await withScripts(async (scripts) => {
    const path = await scripts.script("hook", "echo no disk >&2; exit 9");
    const log = await inJail([`--on=mkdir=${path}`], scripts, async (server) => {
      assertEquals(messageOf(await server.ask(ask.mkdir("/new"))), "ok");
    });
    assertMatch(log, /hook for mkdir "\/new" failed: status 9: no disk\n/);
  });
});

Deno.test("a session is not idle while a command decides", async () => {
  await withScripts(async (scripts) => {
    const slow = await scripts.script("slow", "sleep 1.5");
    const on = ["before-mkdir", "upload"].map((event) => `--on=${event}=${slow}`);
    const options = [...on, "--idle-timeout=1"];
    const log = await inJail(options, scripts, async (server) => {
      assertEquals(messageOf(await server.ask(ask.mkdir("/new"))), "ok");
      assertEquals(messageOf(await upload(server, "/file", "text")), "ok");
    });
    assert(!log.includes("timed out"), log);
  });
});

Deno.test("commands run before the client is told that the session ends with them", async () => {
  await withScripts(async (scripts) => {
    const path = await scripts.script("hook", `sleep 0.3; cat >>${scripts.directory}/told`);
    await inJail([`--on=session-end=${path}`], scripts, () => Promise.resolve());
    await until(async () => (await scripts.told()).includes("session-end"), { what: "the event" });
  });
});

Deno.test("a client cannot start the helper through a login shell's -c", async () => {
  await withScripts(async ({ directory }) => {
    const args = ["jail", "--on=delete=/bin/true", directory];
    for (const last of [["-c", "--hook-helper"], ["--command", "--hook-helper"]]) {
      const { code, stderr } = await run(sftpwrap([...args, ...last]));
      assertEquals(code, 1);
      assertMatch(stderr, /sftpwrap: /);
    }
  });
});

Deno.test("--on needs libc and the permission to start this program", async () => {
  await withScripts(async ({ directory }) => {
    const args = ["jail", "--confine=portable", "--on=delete=/bin/true", directory];
    const files = ["--allow-read", "--allow-write", "--allow-env"];
    const starts = async (...permissions: string[]) =>
      await run(sftpwrap(args, [...files, ...permissions]));
    assertMatch((await starts()).stderr, /--on: no permission for FFI/);
    const refused = await starts("--allow-ffi", "--allow-run=/bin/true");
    assertMatch(refused.stderr, /--on: no permission to start a helper \(--allow-run=\/proc/);
    assertEquals(refused.code, 1);
    assertEquals((await starts("--allow-ffi", "--allow-run=/proc/self/exe")).code, 0);
  });
});

Deno.test("without --on a session loads nothing of hooks but the names of events", async () => {
  const main = new URL("../../../lib/cli/jail/command.ts", import.meta.url);
  const { stdout } = await run([Deno.execPath(), "info", "--json", main.href]);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly modules: readonly {
      readonly specifier: string;
      readonly dependencies?: readonly {
        readonly isDynamic?: boolean;
        readonly code?: { readonly specifier: string };
      }[];
    }[];
  };
  const loaded = new Set([main.href]);
  for (const specifier of loaded) {
    const module = modules.find((one) => one.specifier === specifier);
    for (const { isDynamic, code } of module?.dependencies ?? []) {
      if (!isDynamic && code !== undefined) loaded.add(code.specifier);
    }
  }
  const files = [...loaded].map((specifier) => specifier.slice(specifier.lastIndexOf("/lib/")));
  const ofHooks = files.filter((file) => /hooks\/|spawn|atomic\//.test(file));
  assert(loaded.size > 50, `${loaded.size}`);
  assertEquals(ofHooks, ["/lib/hooks/events.ts"]);
});

Deno.test("after its confinement a session starts nothing, and its hooks run all the same", async () => {
  await withScripts(async ({ script, directory }) => {
    const path = await script("hook", "exit 6");
    const jail = `${directory}/jail`;
    await Deno.mkdir(jail);
    await Deno.copyFile("/bin/true", `${jail}/program`);
    const probe = new URL("confined_probe.ts", import.meta.url).pathname;
    const flags = ["run", "--no-prompt", "--no-check", "--quiet", "-A"];
    const quarantine = `${directory}/quarantine`;
    await Deno.mkdir(quarantine);
    await Deno.writeTextFile(`${quarantine}/earlier`, "");
    const on = ["before-delete", "upload"].map((event) => `--on=${event}=${path}`);
    const args = [probe, ...on, `--quarantine=${quarantine}`, jail];
    const { stderr } = await run([Deno.execPath(), ...flags, ...args]);
    assertEquals(JSON.parse(stderr), {
      "this program": "NotCapable",
      "another program": "NotCapable",
      "another helper": "StartError",
      "libc's functions": "NotCapable",
      "another program by libc": EACCES,
      "this program by libc": EACCES,
      "a program in the jail by libc": EACCES,
      "listing the quarantine": -1,
      "reading in the quarantine": -1,
      "leaving the quarantine": -1,
      "adding to the quarantine": "done",
      "the hook": 6,
    });
  });
});
