import { assert, assertEquals, assertMatch } from "@std/assert";
import { serve, type ServeOptions } from "../../lib/serve/serve.ts";
import { LogLevel } from "../../lib/session/log.ts";
import type { Transport, WaitOptions } from "../../lib/transport/stdio.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { proxyWords, withFarSide } from "../clients/proxied.ts";
import { waiting } from "../session/waiting_storage.ts";
import { withTempDir } from "../support/files.ts";
import { later } from "../support/later.ts";
import { needs } from "../support/programs.ts";
import { ask, init, joined, request, u32 } from "../support/raw.ts";
import { until } from "../support/run.ts";
import { ChildServer, Line, sftpwrap } from "../support/wire_session.ts";

/** Ways to keep a jail, which wait for a client each by other means. */
const JAILS: Readonly<Record<string, (dir: string) => { args: string[]; permissions: string[] }>> =
  {
    "the kernel root": () => ({ args: ["--confine=kernel"], permissions: ["-A"] }),
    "the portable root with poll": () => ({ args: ["--confine=portable"], permissions: ["-A"] }),
    "the portable root without FFI": (directory) => ({
      args: ["--confine=portable"],
      permissions: [`--allow-read=${directory}`, `--allow-write=${directory}`],
    }),
  };

/** A server on a jail, with a log on standard error. */
function jailServer(way: string, directory: string, options: readonly string[]): ChildServer {
  const { args, permissions } = JAILS[way]!(directory);
  const words = ["jail", "-e", ...args, ...options, directory];
  return new ChildServer(sftpwrap(words, permissions), { cwd: directory });
}

/** Reads until the server hangs up, with its input still open. */
async function hungUp(server: ChildServer): Promise<void> {
  while (await server.receive() !== undefined);
}

/** Declares a test that runs on each jail at once, as most of it is waiting. */
function onEachJail(name: string, body: (way: string) => Promise<void>): void {
  Deno.test(`${name}, on each jail`, async () => {
    await Promise.all(
      Object.keys(JAILS).map((way) =>
        body(way).catch((cause) => {
          throw new Error(`It fails on ${way}`, { cause });
        })
      ),
    );
  });
}

onEachJail("an idle session ends, and what it had open is closed and logged", async (way) => {
  await withTempDir(async (directory) => {
    const server = jailServer(way, directory, ["--idle-timeout=1"]);
    await server.greet();
    const handle = await server.handle(ask.open("/up", 2 | 8));
    await server.ask(ask.write(handle, 0, "abc"));
    await server.handle(ask.opendir("/"));
    await hungUp(server);
    const { code, stderr } = await server.end();
    assertEquals(code, 255, stderr);
    const told = stderr.split("\n").filter((line) =>
      /session (opened|timed|closed)|forced/.test(line)
    )
      .map((line) => line.replace(/^.*?(?=session|forced)/, "").replace(/ from .*?\]/, ""))
      .map((line) => line.replace(/local user \w+/, "local user NAME"));
    assertEquals(told, [
      "session opened for local user NAME",
      "session timed out for local user NAME: no request for 1 s",
      'forced close "/up" bytes read 0 written 3',
      'forced closedir "/"',
      "session closed for local user NAME",
    ]);
    assertEquals(await Deno.readTextFile(`${directory}/up`), "abc");
  });
});

onEachJail("a session ends after its longest time, whatever goes on", async (way) => {
  await withTempDir(async (directory) => {
    const server = jailServer(way, directory, ["--max-session=1", "--idle-timeout=1h"]);
    await server.greet();
    let replies = 0;
    for (let id = 0;; id++) {
      await server.send(request(ask.stat("/"), id));
      if (await server.receive() === undefined) break;
      replies++;
    }
    const { code, stderr } = await server.end();
    assert(replies > 1);
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /session timed out for .*: the session has lasted 1 s/);
  });
});

onEachJail("waiting for the rate is not idle", async (way) => {
  await withTempDir(async (directory) => {
    const length = 150_000;
    await Deno.writeFile(`${directory}/down`, new Uint8Array(length).fill(7));
    const server = jailServer(way, directory, ["--idle-timeout=1", "--rate=60K"]);
    await server.greet();
    const down = await server.handle(ask.open("/down", 1));
    const up = await server.handle(ask.open("/up", 2 | 8));
    // Each takes more than two seconds, in which nothing is read or sent.
    const requests = [ask.read(down, 0, length), ask.write(up, 0, new Uint8Array(length).fill(9))];
    await server.send(joined(requests.map((one, id) => request(one, 100 + id))));
    const replies = [await server.receive(), await server.receive()];
    assertEquals(replies.map((reply) => reply?.kind).sort(), ["data", "status"]);
    assertEquals(await Deno.readFile(`${directory}/up`), new Uint8Array(length).fill(9));
    // A client that asks for nothing is idle nevertheless.
    await hungUp(server);
    const { code, stderr } = await server.end();
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /session timed out for .*: no request for 1 s/);
  });
});

onEachJail("a client that takes no replies is idle", async (way) => {
  await withTempDir(async (directory) => {
    await Deno.writeFile(`${directory}/file`, new Uint8Array(300_000));
    const log = `${directory}/log`;
    await Deno.writeTextFile(log, "");
    const server = jailServer(way, directory, [
      "--idle-timeout=1",
      `--logfile=${log}`,
      "--allow-home",
    ]);
    await server.greet();
    const handle = await server.handle(ask.open("/file", 1));
    const reads = Array.from(
      { length: 1000 },
      (_, id) => request(ask.read(handle, 0, 200_000), id),
    );
    const sending = server.send(joined(reads));
    await until(
      async () => (await Deno.readTextFile(log)).includes("session closed"),
      { what: "the session ends" },
    );
    await hungUp(server);
    await sending;
    assertEquals((await server.end()).code, 255);
  });
});

Deno.test({
  name: "an idle session of a proxy ends",
  ...needs("sshd", "ssh-keygen"),
  fn: () =>
    withFarSide(async ({ far }) => {
      const server = new ChildServer(
        proxyWords(far, { options: ["--log-to-stderr", "--idle-timeout=1"] }),
      );
      await server.greet();
      await server.handle(ask.open("/up", 2 | 8));
      await hungUp(server);
      const { code, stderr } = await server.end();
      assertEquals(code, 255, stderr);
      assertMatch(stderr, /session timed out for .*: no request for 1 s/);
      assertMatch(stderr, /forced close "\/up" bytes read 0 written 0/);
    }),
});

/** Serves memory by promises, and collects the log. */
function served(line: Line, options: ServeOptions, storage = later(new MemoryStorage())) {
  const lines: string[] = [];
  const log = {
    level: LogLevel.INFO,
    write: (_level: number, text: string) => void lines.push(text),
  };
  const status = serve(storage, { ...options, transport: line, log });
  return { lines, status };
}

Deno.test("an idle session ends, and what it had open is closed, on memory by promises", async () => {
  const line = new Line([
    init(),
    request(ask.open("/up", 2 | 8), 1),
    request(ask.write(u32(0), 0, "abc"), 2),
  ], true);
  const { lines, status } = served(line, { idleTimeout: 100 });
  assertEquals(await status, 255);
  assertEquals(line.replies.length, 3);
  assertEquals(lines.filter((text) => !text.startsWith("open ")), [
    "session opened for local user UNKNOWN from [UNKNOWN]",
    "session timed out for local user UNKNOWN from [UNKNOWN]: no request for 0.1 s",
    'forced close "/up" bytes read 0 written 3',
    "session closed for local user UNKNOWN from [UNKNOWN]",
  ]);
});

Deno.test("an upload in progress is no idleness, be it as slow as it may", async () => {
  const line = new Line([init(), request(ask.open("/up", 2 | 8), 1)], true);
  const { lines, status } = served(line, { idleTimeout: 1000 });
  const upload = joined(
    [0, 1].map((at) => request(ask.write(u32(0), at * 150, "x".repeat(150)), at + 2)),
  );
  // Bytes of an unfinished packet count as well.
  for (let at = 0; at < upload.length; at += 10) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    line.push(upload.subarray(at, at + 10));
  }
  await until(() => line.replies.length === 4, { what: "the last reply" });
  line.hangUp();
  assertEquals(await status, 0);
  assertEquals(lines.filter((text) => text.includes("timed out")), []);
});

Deno.test("a storage that takes its time is no idleness", async () => {
  const storage = waiting(
    new MemoryStorage(),
    () => new Promise((resolve) => setTimeout(resolve, 400)),
  );
  const line = new Line([init(), request(ask.stat("/"), 1)], true);
  let repliesAtTheEnd = 0;
  const log = {
    level: LogLevel.INFO,
    write(_level: number, text: string) {
      if (text.includes("timed out")) repliesAtTheEnd = line.replies.length;
    },
  };
  assertEquals(await serve(storage, { transport: line, idleTimeout: 100, log }), 255);
  assertEquals(repliesAtTheEnd, 2);
});

Deno.test("a storage that never answers does not outlast the longest time of a session", async () => {
  const memory = new MemoryStorage();
  const closed: boolean[] = [];
  const storage = waiting(memory, (what) => {
    if (what.startsWith("close ")) closed.push(true);
    return what.startsWith("stat ") ? new Promise<void>(() => {}) : Promise.resolve();
  });
  const line = new Line(
    [init(), request(ask.open("/up", 2 | 8), 1), request(ask.stat("/"), 2)],
    true,
  );
  assertEquals(await serve(storage, { transport: line, maxSession: 100 }), 255);
  assertEquals(closed, [true]);
});

Deno.test("a time that no timer can hold is no time that is over", async () => {
  const line = new Line([init()], true);
  const { status } = served(line, { idleTimeout: 2 ** 40, maxSession: 2 ** 45 });
  await until(() => line.replies.length === 1, { what: "VERSION" });
  line.push(request(ask.stat("/"), 1));
  await until(() => line.replies.length === 2, { what: "the reply" });
  line.hangUp();
  assertEquals(await status, 0);
});

Deno.test("a session without limits never polls before it reads", async () => {
  const waits = async (options: ServeOptions) => {
    const seen: WaitOptions[] = [];
    const line = new Line([init(), request(ask.stat("/"), 1), request(ask.stat("/"), 2)]);
    const transport: Transport = {
      readSync: (into) => line.readSync(into),
      writeSync: (bytes) => line.writeSync(bytes),
      read: (into) => line.read(into),
      write: (bytes) => line.write(bytes),
      polling: {
        trySend: (bytes) => {
          line.writeSync(bytes);
          return bytes.length;
        },
        wait(until) {
          seen.push(until);
          return { input: until.input };
        },
      },
    };
    assertEquals(await serve(new MemoryStorage(), { ...options, transport }), 0);
    assertEquals(line.replies.length, 3);
    return seen;
  };
  assertEquals(await waits({}), []);
  // Three packets, and the end.
  const seen = await waits({ idleTimeout: 60_000 });
  assertEquals(seen.map(({ input, output }) => ({ input, output })), [
    { input: true, output: false },
    { input: true, output: false },
    { input: true, output: false },
    { input: true, output: false },
  ]);
  for (const { timeout = 0 } of seen) assert(timeout > 0 && timeout <= 60_000);
  // poll(2) takes an int.
  for (const { timeout } of await waits({ maxSession: 2 ** 45 })) {
    assertEquals(timeout, 2 ** 31 - 1);
  }
});
