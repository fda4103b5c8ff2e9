import { assert, assertEquals, assertMatch } from "@std/assert";
import { withTempDir } from "../../support/files.ts";
import { ask, type Reply, textOf } from "../../support/raw.ts";
import { ChildServer, sftpwrap } from "../../support/wire_session.ts";

function nameOf(reply: Reply): string | undefined {
  return reply.kind === "name" ? reply.names[0]?.filename : undefined;
}

/** Starts a server in this way, asks for its directory, and returns that and its log. */
async function startedIn(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ place: string | undefined; stderr: string }> {
  const server = new ChildServer(sftpwrap(["jail", "-e", ...args]), { env });
  await server.greet();
  const place = nameOf(await server.ask(ask.realpath(".")));
  assertEquals(nameOf(await server.ask(ask.expandPath("~"))), place);
  assertEquals(nameOf(await server.ask(ask.homeDirectory(""))), place);
  const { stderr } = await server.end();
  return { place, stderr };
}

Deno.test("-d starts the session in a directory of the jail", async () => {
  await withTempDir(async (jail) => {
    await Deno.mkdir(`${jail}/home/alice`, { recursive: true });
    await Deno.writeTextFile(`${jail}/file`, "");
    await Deno.symlink("/home/alice", `${jail}/link`);
    await Deno.symlink("/etc", `${jail}/out`);
    const env = { USER: "alice", HOME: "/home/alice" };
    const places: [string, string][] = [
      ["/home/alice", "/home/alice"],
      ["home/alice", "/home/alice"],
      ["home/%u", "/home/alice"],
      ["%h", "/home/alice"],
      ["/home/alice/", "/home/alice"],
      ["home/../home", "/home"],
      ["../../home", "/home"],
      ["link", "/home/alice"],
      ["/", "/"],
      ["", "/"],
    ];
    const started = await Promise.all(
      places.map(([wanted]) => startedIn(["-d", wanted, jail], env)),
    );
    assertEquals(started.map(({ place }) => place), places.map(([, place]) => place));
    for (const wanted of ["missing", "file", "out", "%u", "missing/x"]) {
      const { place, stderr } = await startedIn(["-d", wanted, jail], env);
      assertEquals(place, "/");
      assertMatch(stderr, /start directory ".*"/);
    }
  });
});

Deno.test("relative paths begin where -d says", async () => {
  await withTempDir(async (jail) => {
    await Deno.mkdir(`${jail}/in`);
    await Deno.writeTextFile(`${jail}/in/file`, "here");
    const server = new ChildServer(sftpwrap(["jail", "-d", "in", jail]));
    await server.greet();
    const handle = await server.handle(ask.open("file", 1));
    const read = await server.ask(ask.read(handle, 0, 10));
    assertEquals(read.kind === "data" && textOf(read.data), "here");
    assertEquals(nameOf(await server.ask(ask.realpath(".."))), "/");
    assertEquals(nameOf(await server.ask(ask.expandPath("~/file"))), "/in/file");
    assertEquals((await server.ask(ask.stat("/file"))).kind, "status");
    await server.end();
  });
});

Deno.test("a relative DIR is looked for where the program was started", async () => {
  await withTempDir(async (directory) => {
    await Deno.mkdir(`${directory}/jail`);
    await Deno.writeTextFile(`${directory}/jail/file`, "");
    for (const dir of ["jail", "./jail/", "jail/../jail"]) {
      const server = new ChildServer(sftpwrap(["jail", dir]), { cwd: directory });
      await server.greet();
      assertEquals((await server.ask(ask.stat("/file"))).kind, "attrs");
      await server.end();
    }
  });
});

Deno.test("a DIR that is a link is the directory that it leads to", async () => {
  await withTempDir(async (directory) => {
    await Deno.mkdir(`${directory}/real`);
    await Deno.writeTextFile(`${directory}/real/file`, "");
    await Deno.symlink("real", `${directory}/link`);
    const server = new ChildServer(sftpwrap(["jail", `${directory}/link`]));
    await server.greet();
    assertEquals((await server.ask(ask.stat("/file"))).kind, "attrs");
    assertEquals(nameOf(await server.ask(ask.realpath("/"))), "/");
    await server.end();
  });
});

Deno.test("-R, -P and -p reach the session", async () => {
  await withTempDir(async (jail) => {
    const cases: [string[], string[], string][] = [
      [["-R"], ["posix-rename@openssh.com", "hardlink@openssh.com", "copy-data"], "mkdir"],
      [["-P", "mkdir,limits"], ["limits@openssh.com"], "mkdir"],
      [["-p", "stat,statvfs"], ["limits@openssh.com", "fsync@openssh.com"], "mkdir"],
    ];
    for (const [options, missing] of cases) {
      const server = new ChildServer(sftpwrap(["jail", ...options, jail]));
      const { extensions } = await server.greet();
      const names = extensions.map(([name]) => name);
      assert(missing.every((name) => !names.includes(name)));
      assert(names.includes("statvfs@openssh.com"));
      const refused = await server.ask(ask.mkdir("/x"));
      assert(refused.kind === "status" && refused.message === "Permission denied");
      assertEquals((await server.ask(ask.stat("/"))).kind, "attrs");
      await server.end();
    }
  });
});
