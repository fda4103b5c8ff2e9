import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { wholeLines } from "../../../lib/cli/start/open_log.ts";
import { withTempDir } from "../../support/files.ts";
import { ask, bytesOf } from "../../support/raw.ts";
import { needs } from "../../support/programs.ts";
import { runOk } from "../../support/run.ts";
import { ChildServer, run, sftpwrap } from "../../support/wire_session.ts";

/** ISO 8601 with milliseconds and zone, program, process. */
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d sftpwrap\[\d+\]: /;

const ENV = { USER: "alice", HOME: "/nonexistent", SSH_CONNECTION: "192.0.2.7 50022 192.0.2.1 22" };

/** Runs a session and returns its log file's lines without their stamps, from its beginning on. */
async function logged(
  options: readonly string[],
  use: (server: ChildServer, jail: string) => Promise<void>,
): Promise<string[]> {
  let lines: string[] = [];
  await withTempDir(async (directory) => {
    const jail = `${directory}/jail`;
    const file = `${directory}/log`;
    await Deno.mkdir(jail);
    const server = new ChildServer(sftpwrap(["jail", "-l", file, ...options, jail]), { env: ENV });
    await server.greet();
    await use(server, jail);
    const { stderr } = await server.end();
    assertEquals(stderr, "");
    assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
    const text = await Deno.readTextFile(file);
    assert(text === "" || text.endsWith("\n"));
    lines = text.split("\n").slice(0, -1).map((line) => {
      assertMatch(line, STAMP);
      return line.replace(STAMP, "");
    });
  });
  const beginning = lines.findIndex((line) => line.startsWith("session opened"));
  return beginning === -1 ? lines : lines.slice(beginning);
}

Deno.test("the log tells who came, what was done and with how many bytes", async () => {
  const lines = await logged([], async (server) => {
    const handle = await server.handle(ask.open("/upload", 2 | 8 | 16, { permissions: 0o644 }));
    await server.ask(ask.write(handle, 0, "0123456789"));
    await server.ask(ask.write(handle, 10, "0123456789"));
    await server.ask(ask.close(handle));
    const download = await server.handle(ask.open("/upload", 1));
    await server.ask(ask.read(download, 0, 15));
    await server.ask(ask.remove("/missing"));
    await server.ask(ask.mkdir("/d"));
    await server.ask(ask.mkdir("/d"));
    await server.ask(ask.rename("/upload", "/d/done"));
  });
  assertEquals(lines, [
    "session opened for local user alice from [192.0.2.7]",
    'open "/upload" flags WRITE,CREATE,TRUNCATE mode 0644',
    'close "/upload" bytes read 0 written 20',
    'open "/upload" flags READ mode 0666',
    'remove name "/missing"',
    "sent status No such file",
    'mkdir name "/d" mode 0777',
    'mkdir name "/d" mode 0777',
    "sent status Failure: file exists",
    'rename old "/upload" new "/d/done"',
    'forced close "/upload" bytes read 15 written 0',
    "session closed for local user alice from [192.0.2.7]",
  ]);
});

Deno.test("no name can fake a line of the log, or hide in one", async () => {
  const names = [
    "a\nsession closed for local user root from [1.2.3.4]",
    "carriage\rreturn",
    "escape\x1b[2K\x1b[1A",
    "bell\x07tab\tdelete\x7f",
    "next line\x85",
    "line separator\u2028paragraph separator\u2029",
    "right to left \u202egpj.exe",
    "isolate \u2066x\u2069",
  ];
  const lines = await logged([], async (server) => {
    for (const name of names) await server.ask(ask.mkdir(`/${name}`));
    await server.ask(ask.mkdir(new Uint8Array([...bytesOf("/raw-"), 0xff, 0xfe])));
    await server.ask(ask.symlink("\n", "/link"));
  });
  assertEquals(lines.slice(1, -1), [
    'mkdir name "/a\\012session closed for local user root from [1.2.3.4]" mode 0777',
    'mkdir name "/carriage\\015return" mode 0777',
    'mkdir name "/escape\\033[2K\\033[1A" mode 0777',
    'mkdir name "/bell\\007tab\\011delete\\177" mode 0777',
    'mkdir name "/next line\\302\\205" mode 0777',
    'mkdir name "/line separator\\342\\200\\250paragraph separator\\342\\200\\251" mode 0777',
    'mkdir name "/right to left \\342\\200\\256gpj.exe" mode 0777',
    'mkdir name "/isolate \\342\\201\\246x\\342\\201\\251" mode 0777',
    'mkdir name "/raw-\\377\\376" mode 0777',
    'symlink old "\\012" new "/link"',
  ]);
});

Deno.test("letters of any script stay legible in the log", async () => {
  const lines = await logged([], async (server) => {
    for (const name of ["Grüße", "日本語", "שלום", "🐟"]) await server.ask(ask.mkdir(`/${name}`));
  });
  assertEquals(lines.slice(1, -1), [
    'mkdir name "/Grüße" mode 0777',
    'mkdir name "/日本語" mode 0777',
    'mkdir name "/שלום" mode 0777',
    'mkdir name "/🐟" mode 0777',
  ]);
});

Deno.test("--log-level says how much is told", async () => {
  const told = (level: string) =>
    logged(["--log-level", level], async (server) => {
      await server.ask(ask.stat("/"));
      await server.ask(ask.readlink("/missing"));
      await server.ask(ask.limits());
      await server.ask(ask.extended("unknown"));
    });
  const levels: [string, RegExp[]][] = [
    ["QUIET", []],
    ["FATAL", []],
    ["ERROR", [/^Unknown extended request "unknown"/]],
    ["INFO", [/^session opened/, /^sent status No such file/]],
    ["VERBOSE", [/^received client version 3/, /^stat name/, /^readlink/]],
    ["DEBUG", [/^limits/]],
  ];
  let before = 0;
  for (const [index, [level]] of levels.entries()) {
    const lines = await told(level);
    const expected = levels.slice(0, index + 1).flatMap(([, patterns]) => patterns);
    for (const pattern of expected) {
      assert(lines.some((line) => pattern.test(line)), `${level} lacks ${pattern}`);
    }
    for (const pattern of levels.slice(index + 1).flatMap(([, patterns]) => patterns)) {
      assert(!lines.some((line) => pattern.test(line)), `${level} has ${pattern}`);
    }
    assert(lines.length >= before);
    before = lines.length;
  }
});

Deno.test("a malformed packet is told to the log", async () => {
  const lines = await logged([], async (server) => {
    await server.send(Uint8Array.of(0, 0, 0, 5, 17, 0, 0, 0, 1));
  });
  assertEquals(lines.slice(1), [
    "bad message from local user alice from [192.0.2.7]: packet is too short for its fields",
    "session closed for local user alice from [192.0.2.7]",
  ]);
});

Deno.test("many sessions share a log, each line whole", async () => {
  await withTempDir(async (directory) => {
    await Deno.mkdir(`${directory}/jail`);
    await Deno.writeTextFile(`${directory}/log`, "what was there before\n");
    const sessions = Array.from({ length: 4 }, async (_, index) => {
      const server = new ChildServer(
        sftpwrap(["jail", "-l", `${directory}/log`, `${directory}/jail`]),
        { env: { ...ENV, USER: `user${index}` } },
      );
      await server.greet();
      for (let count = 0; count < 100; count++) await server.ask(ask.mkdir("/d".repeat(100)));
      await server.end();
    });
    await Promise.all(sessions);
    const lines = (await Deno.readTextFile(`${directory}/log`)).trimEnd().split("\n");
    assertEquals(lines[0], "what was there before");
    for (const line of lines.slice(1)) assertMatch(line, STAMP);
    assertEquals(lines.filter((line) => line.includes(": mkdir name ")).length, 400);
    for (let index = 0; index < 4; index++) {
      const own = `for local user user${index} from`;
      assertEquals(lines.filter((line) => line.includes(own)).length, 2);
    }
  });
});

Deno.test("-l and -e together write to both", async () => {
  await withTempDir(async (directory) => {
    await Deno.mkdir(`${directory}/jail`);
    const { code, stderr } = await run(
      sftpwrap(["jail", "-e", "-l", `${directory}/log`, `${directory}/jail`]),
    );
    assertEquals(code, 0);
    assertEquals(await Deno.readTextFile(`${directory}/log`), stderr);
    assertMatch(stderr, /session closed/);
  });
});

Deno.test("-l knows the tokens of DIR, and stays out of the jail with them", async () => {
  await withTempDir(async (directory) => {
    for (const name of ["alice", "home"]) await Deno.mkdir(`${directory}/${name}`);
    const env = { USER: "alice", HOME: `${directory}/home` };
    const server = new ChildServer(
      sftpwrap(["jail", "-l", `${directory}/%u.log`, `${directory}/%u`]),
      {
        env,
      },
    );
    await server.greet();
    await server.end();
    assertStringIncludes(await Deno.readTextFile(`${directory}/alice.log`), "session opened");
    for (const log of [`${directory}/%u/log`, "%h/../%u/log", `${directory}/%x.log`]) {
      const server = new ChildServer(sftpwrap(["jail", "-l", log, `${directory}/%u`]), { env });
      assert((await server.end()).code !== 0, log);
    }
    assertEquals(await Array.fromAsync(Deno.readDir(`${directory}/alice`)), []);
  });
});

Deno.test("a log that cannot be written any more does not end a session", async () => {
  await withTempDir(async (directory) => {
    const server = new ChildServer(sftpwrap(["jail", "-l", "/dev/full", directory]));
    await server.greet();
    const handle = await server.handle(ask.open("/file", 2 | 8));
    await server.ask(ask.write(handle, 0, "kept"));
    await server.ask(ask.close(handle));
    const { code, stderr } = await server.end();
    assertEquals(code, 0);
    assertEquals(stderr.match(/the log cannot be written/g)?.length, 1);
    assertEquals(await Deno.readTextFile(`${directory}/file`), "kept");
  });
});

Deno.test("--log-format=json writes an object a line, that any parser reads", async () => {
  await withTempDir(async (directory) => {
    const jail = `${directory}/jail`;
    const file = `${directory}/log`;
    await Deno.mkdir(jail);
    const words = sftpwrap([
      "jail",
      "-l",
      file,
      "--log-format=json",
      "--deny-requests=rmdir",
      jail,
    ]);
    const client = "2001:db8::7 50022 2001:db8::1 22";
    const server = new ChildServer(words, { env: { ...ENV, SSH_CONNECTION: client } });
    await server.greet();
    const handle = await server.handle(ask.open("up", 2 | 8 | 16, { permissions: 0o600 }));
    await server.ask(ask.write(handle, 0, "0123456789"));
    await server.ask(ask.close(handle));
    await server.ask(ask.rmdir("/x"));
    await server.ask(ask.mkdir("/two\nlines"));
    const left = await server.handle(ask.open("/up", 1));
    await server.ask(ask.read(left, 0, 5));
    await server.end();
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const event of events) {
      assertEquals([event["user"], event["client"], event["port"]], [
        "alice",
        "2001:db8::7",
        50022,
      ]);
      assertEquals(event["session"], events[0]!["session"]);
      assertMatch(String(event["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
    }
    const told = events.filter(({ event }) => event !== "message").map((event) =>
      ["event", "path", "read", "written", "forced", "files", "result"]
        .map((field) => event[field]).filter((value) => value !== undefined)
    );
    assertEquals(told, [
      ["session-opened"],
      ["open", "/up", "ok"],
      ["close", "/up", 0, 10, "ok"],
      ["rmdir", "/x", "Permission denied"],
      ["mkdir", "/two\nlines", "ok"],
      ["open", "/up", "ok"],
      ["close", "/up", 5, 0, true, "ok"],
      ["session-closed", 5, 10, 2],
    ]);
    assert(events.some(({ reason }) => reason === "Refusing denylisted rmdir request"));
    const rings = events.filter(({ message }) => /^confined by|^ring /.test(String(message)));
    assertEquals(rings.map(({ message }) => message), [
      "confined by openat2, Landlock and permissions",
    ]);
    const opened = events.find(({ event }) => event === "session-opened");
    assertEquals(opened?.["jail"], await Deno.realPath(jail));
  });
});

Deno.test("many sessions share a log of JSON lines, each line whole", async () => {
  await withTempDir(async (directory) => {
    await Deno.mkdir(`${directory}/jail`);
    const sessions = Array.from({ length: 3 }, async () => {
      const server = new ChildServer(
        sftpwrap(["jail", "-l", `${directory}/log`, "--log-format=json", `${directory}/jail`]),
        { env: ENV },
      );
      await server.greet();
      for (let count = 0; count < 100; count++) await server.ask(ask.mkdir("/d".repeat(100)));
      await server.end();
    });
    await Promise.all(sessions);
    const lines = (await Deno.readTextFile(`${directory}/log`)).trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assertEquals(events.filter(({ event }) => event === "mkdir").length, 300);
    assertEquals(new Set(events.map(({ session }) => session)).size, 3);
  });
});

Deno.test("wholeLines() begins a line anew where the one before was torn", () => {
  let room = Infinity;
  let file = "";
  const sink = wholeLines((bytes) => {
    const taken = bytes.subarray(0, room);
    file += new TextDecoder().decode(taken);
    if (taken.length === 0) throw new Error("no space left");
    return taken.length;
  });
  const entry = (text: string) => ({
    level: 3,
    time: new Date(),
    text,
    line: () => bytesOf(`${text}\n`),
  });
  sink(entry("one"));
  room = 2;
  assertThrows(() => sink(entry("two")), Error, "only 2 of 4 bytes");
  room = 0;
  assertThrows(() => sink(entry("three")), Error, "no space left");
  room = Infinity;
  sink(entry("four"));
  sink(entry("five"));
  assertEquals(file, "one\ntw\nfour\nfive\n");
});

const MAY_MOUNT = Deno.uid() === 0 && canMount();

Deno.test({
  name: "a file system that is full of log loses no client's data, and is told once",
  ...needs("mount", "umount"),
  ...MAY_MOUNT ? {} : { ignore: true },
  fn: () =>
    withTempDir(async (directory) => {
      const small = `${directory}/small`;
      await Deno.mkdir(small);
      await Deno.mkdir(`${directory}/jail`);
      await runOk("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", small]);
      try {
        const log = `${small}/log`;
        const server = new ChildServer(sftpwrap(["jail", "-l", log, `${directory}/jail`]));
        await server.greet();
        for (let count = 0; count < 50; count++) {
          const handle = await server.handle(ask.open(`/${count}${"x".repeat(200)}`, 2 | 8));
          await server.ask(ask.write(handle, 0, `content ${count}`));
          await server.ask(ask.close(handle));
        }
        const { code, stderr } = await server.end();
        assertEquals(code, 0);
        assertEquals(stderr.match(/the log cannot be written/g)?.length, 1);
        for (let count = 0; count < 50; count++) {
          const path = `${directory}/jail/${count}${"x".repeat(200)}`;
          assertEquals(await Deno.readTextFile(path), `content ${count}`);
        }
        assertEquals((await Deno.stat(log)).size, 8192);
      } finally {
        await runOk("umount", [small]);
      }
    }),
});

/** A container may be root's and yet let nobody mount. */
function canMount(): boolean {
  const status = Deno.readTextFileSync("/proc/self/status");
  const effective = BigInt("0x" + (/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"));
  const CAP_SYS_ADMIN = 21n;
  return (effective >> CAP_SYS_ADMIN & 1n) === 1n;
}
