import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withTempDir } from "../../support/files.ts";
import { ask, type Reply, textOf } from "../../support/raw.ts";
import { ChildServer, run, sftpwrap } from "../../support/wire_session.ts";

function told(reply: Reply): string {
  return reply.kind === "status" ? reply.message : reply.kind;
}

/** Lends a server that may do nothing but what the flags say, and its log when it has ended. */
async function withFlags(
  flags: (jail: string) => readonly string[],
  use: (server: ChildServer, jail: string) => Promise<void>,
): Promise<string> {
  let log = "";
  await withTempDir(async (jail) => {
    await Deno.mkdir(`${jail}/d`);
    await Deno.writeTextFile(`${jail}/d/file`, "content");
    await Deno.symlink("d/file", `${jail}/link`);
    await Deno.symlink("/etc/passwd", `${jail}/out`);
    const server = new ChildServer(sftpwrap(["jail", "-e", jail], flags(jail)));
    await use(server, jail);
    const { code, stderr } = await server.end();
    assertEquals(code, 0);
    log = stderr;
  });
  return log;
}

/** The flags that the log says are missing. */
function lackingIn(log: string): string[] {
  return Array.from(log.matchAll(/running without (--[\w-]+)/g), ([, flag]) => flag!);
}

Deno.test("--allow-read=DIR --allow-write=DIR alone is enough to work", async () => {
  const flags = (jail: string) => [`--allow-read=${jail}`, `--allow-write=${jail}`];
  const log = await withFlags(flags, async (server, jail) => {
    const { extensions } = await server.greet();
    const names = extensions.map(([name]) => name);
    assert(!names.includes("statvfs@openssh.com"), "statvfs needs a permission");
    assert(names.includes("posix-rename@openssh.com"));

    const handle = await server.handle(ask.open("/new", 1 | 2 | 8, { permissions: 0o640 }));
    assertEquals(told(await server.ask(ask.write(handle, 0, "uploaded"))), "Success");
    assertEquals(told(await server.ask(ask.fsync(handle))), "Success");
    assertEquals(told(await server.ask(ask.fsetstat(handle, { mtime: 5, atime: 5 }))), "Success");
    const read = await server.ask(ask.read(handle, 2, 100));
    assertEquals(read.kind === "data" && textOf(read.data), "loaded");
    assertEquals((await server.ask(ask.fstat(handle))).kind, "attrs");
    assertEquals(told(await server.ask(ask.close(handle))), "Success");

    const done = [
      ask.rename("/new", "/d/moved"),
      ask.posixRename("/d/moved", "/d/file"),
      ask.hardlink("/d/file", "/second"),
      ask.setstat("/second", { size: 3, permissions: 0o600, atime: 1, mtime: 2 }),
      ask.mkdir("/made", { permissions: 0o1700 }),
      ask.rmdir("/made"),
      ask.remove("/second"),
      ask.remove("/out"),
    ];
    for (const request of done) assertEquals(told(await server.ask(request)), "Success");
    assertEquals(await Deno.readTextFile(`${jail}/d/file`), "upl");

    const listed = await server.ask(ask.readdir(await server.handle(ask.opendir("/d"))));
    assert(listed.kind === "name");
    assertEquals(listed.names.map(({ filename }) => filename).sort(), [".", "..", "file"]);
    assertEquals((await server.ask(ask.readlink("/link"))).kind, "name");
    assertEquals((await server.ask(ask.stat("/link"))).kind, "attrs");
    assertEquals((await server.ask(ask.realpath("/link"))).kind, "name");
    assertEquals((await server.ask(ask.checkFileName("/d/file", "sha256"))).kind, "extended");

    assertEquals(told(await server.ask(ask.symlink("x", "/new"))), "Operation unsupported");
    assertEquals(told(await server.ask(ask.statvfs("/"))), "Operation unsupported");
  });
  const lacking = log.split("\n").filter((line) => line.includes("running without"));
  for (const flag of ["--allow-env", "--allow-read=/etc/passwd", "--allow-sys", "links"]) {
    assertStringIncludes(lacking.join("\n"), flag);
  }
  // Each is said once.
  assertEquals(new Set(lacking).size, lacking.length);
});

Deno.test("--allow-read=DIR alone is a read-only jail", async () => {
  const log = await withFlags((jail) => [`--allow-read=${jail}`], async (server) => {
    const { extensions } = await server.greet();
    const names = extensions.map(([name]) => name);
    assert(!names.includes("posix-rename@openssh.com") && names.includes("limits@openssh.com"));
    const handle = await server.handle(ask.open("/d/file", 1));
    const read = await server.ask(ask.read(handle, 0, 100));
    assertEquals(read.kind === "data" && textOf(read.data), "content");
    for (
      const request of [
        ask.open("/new", 2 | 8),
        ask.open("/d/file", 1 | 16),
        ask.write(handle, 0, "x"),
        ask.mkdir("/new"),
        ask.remove("/link"),
        ask.rename("/d", "/e"),
        ask.setstat("/d", { permissions: 0o777 }),
        ask.symlink("x", "/new"),
      ]
    ) {
      assertEquals(told(await server.ask(request)), "Permission denied");
    }
  });
  assertStringIncludes(log, "read-only");
});

Deno.test("a link that leads out is closed under --allow-read=DIR, too", async () => {
  const flags = (jail: string) => [`--allow-read=${jail}`, `--allow-write=${jail}`];
  await withFlags(flags, async (server) => {
    await server.greet();
    for (
      const request of [ask.open("/out", 1), ask.stat("/out"), ask.checkFileName("/out", "md5")]
    ) {
      assertEquals(told(await server.ask(request)), "No such file");
    }
  });
});

Deno.test("without the permission to read DIR nothing starts, and one line says why", async () => {
  await withTempDir(async (jail) => {
    for (const flags of [[], [`--allow-write=${jail}`], ["--allow-read=/nonexistent"]]) {
      const { code, stdout, stderr } = await run(sftpwrap(["jail", jail], flags));
      assertEquals([code, stdout.length], [1, 0]);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
      assertStringIncludes(stderr, "sftpwrap: ");
      assertStringIncludes(stderr, "--allow-read");
    }
  });
});

Deno.test("what needs a permission that is missing refuses to start, and says which", async () => {
  await withTempDir(async (jail) => {
    const flags = [`--allow-read=${jail}`, `--allow-write=${jail}`];
    const starts: [string[], string][] = [
      [["-u", "022", jail], "--allow-sys"],
      [["-l", "/nonexistent/log", "--log-required", jail], "cannot open the log"],
      [["--confine=kernel", jail], "--allow-ffi"],
      [[`${jail}/%u`], "%u is not known here"],
      [[`${jail}/%U`], "%U is not known here"],
      [["%h"], "%h is not known here"],
    ];
    for (const [args, says] of starts) {
      const { code, stdout, stderr } = await run(sftpwrap(["jail", ...args], flags));
      assertEquals([code, stdout.length], [1, 0]);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
      assertStringIncludes(stderr, says);
    }
  });
});

/** Asks for free space, and makes a link: a log must not say that these do not work. */
async function useSystemCalls(server: ChildServer): Promise<void> {
  await server.greet();
  assertEquals((await server.ask(ask.statvfs("/"))).kind, "extended");
  assertEquals(told(await server.ask(ask.symlink("x", "/made-link"))), "Success");
}

Deno.test({
  name: "with --allow-ffi the log does not say that statvfs and links do not work, as they do",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const flags = (jail: string) => [
      ...[`--allow-read=${jail}`, `--allow-write=${jail}`, "--allow-ffi"],
    ];
    const log = await withFlags(flags, useSystemCalls);
    assertEquals(lackingIn(log), ["--allow-env", "--allow-read"]);
    assertStringIncludes(log, "no names of owners that are not this account's in listings");
  },
});

Deno.test("each missing permission is told, also where another of its line is there", async () => {
  const everything = ["--allow-ffi", "--allow-env", "--allow-read", "--allow-write"];
  for (
    const [deny, expected] of [
      [[], []],
      [["--deny-read=/etc/group"], ["--allow-read"]],
      [["--deny-env=USER"], []],
      [["--deny-env=USER,LOGNAME"], ["--allow-env"]],
    ] as const
  ) {
    const log = await withFlags(() => [...everything, ...deny], async (server) => {
      await server.greet();
    });
    assertEquals(lackingIn(log), [...expected], deny.join(" "));
  }
});
