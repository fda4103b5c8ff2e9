import { assert, assertEquals, assertRejects } from "@std/assert";
import { hidePaths } from "../../lib/policy/path_limits.ts";
import { serve } from "../../lib/serve/serve.ts";
import { Checkpoints } from "../../lib/serve/checkpoints.ts";
import { LogLevel } from "../../lib/session/log.ts";
import type { Transport } from "../../lib/transport/stdio.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { DirHandle, Storage } from "../../lib/storage/storage.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { waiting } from "../session/waiting_storage.ts";
import { withTempDir } from "../support/files.ts";
import { later } from "../support/later.ts";
import { needs } from "../support/programs.ts";
import { ask, init, joined, type Request, request, str, u32, u64 } from "../support/raw.ts";
import { until } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { ChildServer, Line, sftpwrap } from "../support/wire_session.ts";

/** So long that to read it takes hours, and that every file system takes it. */
const ENDLESS_BYTES = 2 ** 43;

const WAYS: Readonly<Record<string, (dir: string) => { args: string[]; permissions: string[] }>> = {
  "the kernel root": () => ({ args: ["--confine=kernel"], permissions: ["-A"] }),
  "the portable root with poll": () => ({ args: ["--confine=portable"], permissions: ["-A"] }),
  "the portable root without FFI": (directory) => ({
    args: ["--confine=portable"],
    permissions: [`--allow-read=${directory}`, `--allow-write=${directory}`],
  }),
};

async function withSparseFile(use: (directory: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    using file = await Deno.create(`${directory}/sparse`);
    await file.truncate(ENDLESS_BYTES);
    await use(directory);
  });
}

function jail(way: string, directory: string, options: readonly string[]): ChildServer {
  const { args, permissions } = WAYS[way]!(directory);
  const words = ["jail", "-e", "--allow-home", ...args, ...options, directory];
  return new ChildServer(sftpwrap(words, permissions), { cwd: directory });
}

/** check-file of everything, by its three names. */
function sums(path: string, handle: Uint8Array): Request[] {
  const range = [str("md5"), u64(0), u64(0), u32(0)];
  return [
    ask.extended("check-file-name", str(path), ...range),
    ask.extended("check-file-handle", str(handle), ...range),
    ask.extended("check-file", str(handle), ...range),
  ];
}

/** What the log says of the end. */
function ending(stderr: string): string[] {
  return stderr.split("\n").filter((line) => /timed|forced|session closed/.test(line))
    .map((line) => line.replace(/^.*?(?=session|forced)/, "").replace(/ (for|from) .*?\]/, ""));
}

for (const way of Object.keys(WAYS)) {
  for (const [index, name] of ["check-file-name", "check-file-handle", "check-file"].entries()) {
    Deno.test(`a batch of ${name} without end ends with the time of the session, on ${way}`, () =>
      withSparseFile(async (directory) => {
        const server = jail(way, directory, ["--max-session=1"]);
        await server.greet();
        const handle = await server.handle(ask.open("/sparse", 1));
        const one = sums("/sparse", handle)[index]!;
        await server.send(joined([7, 8, 9].map((id) => request(one, id))));
        while (await server.receive() !== undefined);
        const { code, stderr } = await server.end();
        assertEquals(code, 255, stderr);
        assertEquals(ending(stderr), [
          "session timed out: the session has lasted 1 s",
          'forced close "/sparse" bytes read 0 written 0',
          "session closed",
        ]);
      }));
  }
}

for (const way of ["the kernel root", "the portable root with poll"]) {
  Deno.test(`a client that hangs up ends its check-file without end, on ${way}`, () =>
    withSparseFile(async (directory) => {
      const server = jail(way, directory, ["--log-level=VERBOSE", `--logfile=${directory}/log`]);
      await server.greet();
      const handle = await server.handle(ask.open("/sparse", 1));
      const [first, second] = sums("/sparse", handle);
      await server.send(joined([request(first!, 7), request(second!, 8)]));
      const log = () => Deno.readTextFile(`${directory}/log`);
      // The line does not wait for the end of the work.
      await until(async () => (await log()).includes("check-file"), { what: "it is at work" });
      await server.closeInput();
      await server.closeOutput();
      await until(async () => (await log()).includes("session closed"), { what: "it ends" });
      assertEquals(ending(await log()), [
        'forced close "/sparse" bytes read 0 written 0',
        "session closed",
      ]);
      await server.end();
    }));

  Deno.test(`a client that has closed its input alone gets the sum it asked for, on ${way}`, () =>
    withSparseFile(async (directory) => {
      await Deno.truncate(`${directory}/sparse`, 64 * 1024 * 1024);
      const server = jail(way, directory, []);
      await server.greet();
      await server.send(request(sums("/sparse", u32(0))[0]!, 7));
      const { code, replies } = await server.end();
      assertEquals(code, 0);
      assertEquals(replies.map(({ kind }) => kind), ["extended"]);
    }));
}

Deno.test({
  name: "a client that sshd has lost ends its check-file without end",
  ...needs("sshd", "ssh", "ssh-keygen"),
  fn: () =>
    withSparseFile(async (directory) => {
      const log = `${directory}/log`;
      const words = sftpwrap([
        "jail",
        "--allow-home",
        "--log-level=VERBOSE",
        `--logfile=${log}`,
        directory,
      ]);
      await withSshd({ command: words.join(" ") }, async (sshd) => {
        const [program, ...args] = ["ssh", "-F", sshd.sshConfig, "-s", sshd.alias, "sftp"];
        const client = new Deno.Command(program!, {
          args,
          stdin: "piped",
          stdout: "piped",
          stderr: "null",
        }).spawn();
        const writer = client.stdin.getWriter();
        await writer.write(joined([init(), request(sums("/sparse", u32(0))[0]!, 7)]));
        const text = () => Deno.readTextFile(log).catch(() => "");
        await until(async () => (await text()).includes("check-file"), { what: "it is at work" });
        client.kill("SIGKILL");
        await client.status;
        await until(async () => (await text()).includes("session closed"), { what: "it ends" });
        await writer.abort().catch(() => undefined); // Its pipe is broken.
        await client.stdout.cancel();
      });
    }),
});

/** Memory whose root is listed without end, and shows nothing of it where dotfiles are hidden. */
function endlessListing(): Storage {
  const memory = new MemoryStorage();
  const dir: DirHandle = {
    next: (limit) => Array.from({ length: limit }, () => ({ name: ".hidden", attrs: {} })),
    close: () => {},
  };
  const { extensions } = memory;
  return Object.assign(Object.create(memory) as Storage, {
    extensions,
    openDir: () => dir,
    realPath: (path: string) => path,
    close: () => {},
  });
}

/** A line on which it can be told whether the client has gone. */
function polled(line: Line, isClientGone: () => boolean): Transport {
  return {
    readSync: (into) => line.readSync(into),
    writeSync: (bytes) => line.writeSync(bytes),
    read: (into) => line.read(into),
    write: (bytes) => line.write(bytes),
    polling: {
      trySend(bytes) {
        line.writeSync(bytes);
        return bytes.length;
      },
      wait: ({ input }) => ({ input }),
      isClientGone,
    },
  };
}

const listing = [init(), request(ask.opendir("/"), 1), request(ask.readdir(u32(0)), 2)];

for (const way of ["with poll", "without it"]) {
  for (const kind of ["at once", "by promises"]) {
    Deno.test(`a listing that shows nothing and has no end ends with the session, ${kind}, ${way}`, async () => {
      const line = new Line(listing, true);
      const transport = way === "with poll" ? polled(line, () => false) : line;
      const storage = kind === "at once" ? endlessListing() : later(endlessListing());
      const policies = [hidePaths([".*"])];
      assertEquals(await serve(storage, { transport, policies, maxSession: 300 }), 255);
    });
  }
}

Deno.test("a listing that shows nothing and has no end ends with the client", async () => {
  let looks = 0;
  const transport = polled(new Line(listing, true), () => ++looks >= 3);
  const policies = [hidePaths([".*"])];
  assertEquals(await serve(endlessListing(), { transport, policies }), 0);
});

Deno.test("a session of a storage that does not answer ends with the client, and closes all", async () => {
  const closed: string[] = [];
  const storage = waiting(new MemoryStorage(), (what) => {
    if (what.startsWith("close")) closed.push(what);
    return what.startsWith("stat ") ? new Promise<void>(() => {}) : Promise.resolve();
  });
  const line = new Line(
    [init(), request(ask.open("/up", 2 | 8), 1), request(ask.stat("/"), 2)],
    true,
  );
  const lines: string[] = [];
  const log = {
    level: LogLevel.INFO,
    write: (_level: number, text: string) => void lines.push(text),
  };
  assertEquals(await serve(storage, { transport: polled(line, () => true), log }), 0);
  assertEquals(closed, ["close /up", "close"]);
  assertEquals(lines.slice(-2), [
    'forced close "/up" bytes read 0 written 0',
    "session closed for local user UNKNOWN from [UNKNOWN]",
  ]);
});

Deno.test("what the storage has begun may end when the client has gone", async () => {
  let written = false;
  const storage = waiting(new MemoryStorage(), async (what) => {
    if (!what.startsWith("write ")) return;
    await new Promise((resolve) => setTimeout(resolve, 700));
    written = true;
  });
  const line = new Line([
    init(),
    request(ask.open("/up", 2 | 8), 1),
    request(ask.write(u32(0), 0, "x"), 2),
  ]);
  assertEquals(await serve(storage, { transport: polled(line, () => true) }), 0);
  assert(written);
});

Deno.test("a batch of plain requests looks up, too", async () => {
  const many = joined(Array.from({ length: 4000 }, (_, id) => request(ask.stat("/"), id)));
  const busy = () => {
    const end = performance.now() + 1;
    while (performance.now() < end);
  };
  const memory = new MemoryStorage();
  const storage: Storage = Object.assign(Object.create(memory) as Storage, {
    extensions: {},
    stat: () => (busy(), {}),
    close: () => {},
  });
  const line = new Line([init(), many], true);
  const transport = polled(line, () => false);
  assertEquals(await serve(storage, { transport, maxSession: 200 }), 255);
  assert(line.replies.length < 4000);
});

Deno.test("where nothing tells whether the client reads, its work ends a while after its input", async () => {
  const checkpoints = new Checkpoints({
    polling: undefined,
    isTimeOver: () => false,
    isBusy: () => true,
    heartbeat: undefined,
    afterInput: 100,
  });
  const work = async () => {
    for (;;) await checkpoints.pass();
  };
  setTimeout(() => checkpoints.inputEnded(), 100);
  await assertRejects(work, StorageError, "the session is over");
  assertEquals(checkpoints.isClientGone, true);
});

Deno.test("a session at work gives signs of life", async () => {
  let beats = 0;
  const transport = polled(new Line(listing, true), () => false);
  const options = { transport, policies: [hidePaths([".*"])], maxSession: 300 };
  await serve(endlessListing(), { ...options, heartbeat: () => void beats++ });
  assert(beats > 1);
});
