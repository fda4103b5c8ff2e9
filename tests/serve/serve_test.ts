import { assert, assertEquals, assertLess } from "@std/assert";
import { noDelete } from "../../lib/policy/no_delete.ts";
import { denyPaths } from "../../lib/policy/path_limits.ts";
import { serve } from "../../lib/serve/serve.ts";
import { LogLevel } from "../../lib/session/log.ts";
import type { Transport } from "../../lib/transport/stdio.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { randomWait, waiting } from "../session/waiting_storage.ts";
import { withTempDir } from "../support/files.ts";
import {
  ask,
  concat,
  init,
  joined,
  parseReply,
  type Reply,
  request,
  Splitter,
  u32,
} from "../support/raw.ts";
import { until } from "../support/run.ts";
import { ChildServer, Line, sftpwrap } from "../support/wire_session.ts";

const MIB = 1024 * 1024;

/** A conversation about one file, whose replies are known. */
const conversation = [
  init(),
  request(ask.open("/file", 1 | 2 | 8), 1),
  request(ask.write(u32(0), 0, new Uint8Array(100_000).map((_, at) => at % 251)), 2),
  ...Array.from(
    { length: 50 },
    (_, index) => request(ask.read(u32(0), index * 2000, 2000), 10 + index),
  ),
  request(ask.stat("/missing"), 98),
  request(ask.close(u32(0)), 99),
];

function assertAnswered(replies: readonly Reply[]): void {
  assertEquals(
    replies.map((reply) => "id" in reply ? reply.id : 0),
    [0, 1, 2, ...Array.from({ length: 50 }, (_, index) => 10 + index), 98, 99],
  );
  for (const [index, reply] of replies.slice(3, 53).entries()) {
    assert(reply.kind === "data");
    const expected = new Uint8Array(2000).map((_, at) => (index * 2000 + at) % 251);
    assertEquals(reply.data, expected);
  }
}

/** Storages that answer at once, by promises, and at first at once. */
const storages: Readonly<Record<string, () => Storage>> = {
  "answers at once": () => new MemoryStorage(),
  "answers by promises": () => waiting(new MemoryStorage(), randomWait(5)),
  "begins to answer by promises": () => {
    const atOnce = new MemoryStorage();
    let calls = 0;
    const slow = waiting(atOnce, randomWait(6));
    return { ...slow, stat: (path) => ++calls < 3 ? atOnce.stat(path) : slow.stat(path) };
  },
};

for (const [name, make] of Object.entries(storages)) {
  Deno.test(`serve() takes requests as the stream cuts them, where a storage ${name}`, async () => {
    const whole = concat(...conversation);
    for (const size of [7, 1000, 32_768, whole.length]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
      const line = new Line(pieces);
      assertEquals(await serve(make(), { transport: line }), 0);
      assertAnswered(line.replies);
    }
  });

  // A blocking read has to find its input; only the child processes below can wait for more.
  if (name === "answers at once") continue;

  Deno.test(`serve() answers before more comes, where a storage ${name}`, async () => {
    const line = new Line([init(), ...[1, 2, 3].map((id) => request(ask.stat("/"), id))], true);
    const served = serve(make(), { transport: line });
    await until(() => line.replies.length === 4, { what: "four replies", every: 1 });
    line.push(request(ask.stat("/"), 4));
    await until(() => line.replies.length === 5, { what: "the fifth reply", every: 1 });
    line.hangUp();
    assertEquals(await served, 0);
  });
}

Deno.test("serve() sends many replies by one write", async () => {
  let writes = 0;
  const line = new Line([
    concat(init(), ...Array.from({ length: 5000 }, (_, id) => request(ask.stat("/"), id))),
  ]);
  const transport = counted(line, () => writes++);
  assertEquals(await serve(new MemoryStorage(), { transport }), 0);
  assertEquals(line.replies.length, 5001);
  assertLess(writes, 10);
});

Deno.test("serve() keeps what READs gave apart, over many batches", async () => {
  const length = 200_000;
  const storage = new MemoryStorage();
  const letters = Array.from({ length: 20 }, (_, index) => String.fromCharCode(65 + index));
  const requests = letters.flatMap((letter, index) => [
    request(ask.open(`/${letter}`, 1 | 2 | 8), index),
    request(ask.write(u32(index), 0, letter.repeat(length)), index),
  ]);
  const reads = letters.map((_, index) => request(ask.read(u32(index), 0, length), 1000 + index));
  const line = new Line([init(), ...requests, concat(...reads), concat(...reads)]);
  assertEquals(await serve(storage, { transport: line }), 0);
  const data = line.replies.filter((reply) => reply.kind === "data");
  assertEquals(data.length, 40);
  for (const reply of data) {
    const letter = 65 + (reply.id - 1000);
    assert(reply.data.length === length && reply.data.every((byte) => byte === letter));
  }
});

Deno.test("serve() tells the log who came and that the session is over", async () => {
  const lines: string[] = [];
  const log = {
    level: LogLevel.INFO,
    write: (_level: number, line: string) => void lines.push(line),
  };
  await serve(new MemoryStorage(), {
    transport: new Line([init()]),
    log,
    user: "alice",
    client: "192.0.2.1",
  });
  assertEquals(lines, [
    "session opened for local user alice from [192.0.2.1]",
    "session closed for local user alice from [192.0.2.1]",
  ]);
});

Deno.test("serve() ends with status 0 where the client has gone", async () => {
  for (const make of Object.values(storages)) {
    for (const GoneError of [Deno.errors.BrokenPipe, Deno.errors.ConnectionReset]) {
      let closed = 0;
      const storage = withClose(make(), () => closed++);
      const line = new Line([init(), request(ask.stat("/"), 1), request(ask.stat("/"), 2)]);
      const fail = () => {
        throw new GoneError("gone");
      };
      const transport: Transport = {
        readSync: (into) => line.readSync(into),
        writeSync: fail,
        read: (into) => line.read(into),
        write: () => Promise.reject(new GoneError("gone")),
      };
      assertEquals(await serve(storage, { transport }), 0);
      assertEquals(closed, 1);
    }
  }
});

Deno.test("serve() ends with status 1 where the stream fails, and tells the log", async () => {
  const lines: string[] = [];
  const line = new Line([]);
  const transport = {
    ...counted(line, () => {}),
    readSync: () => {
      throw new Error("read error");
    },
  };
  const log = {
    level: LogLevel.INFO,
    write: (_level: number, text: string) => void lines.push(text),
  };
  assertEquals(await serve(new MemoryStorage(), { transport, log }), 1);
  assert(lines.some((text) => text.includes("session broke off: Error: read error")));
});

Deno.test("serve() loses no reply where only some bytes can be sent at a time", async () => {
  const line = new Line([concat(...conversation.slice(0, 10)), concat(...conversation.slice(10))]);
  const sent: Uint8Array[] = [];
  let waits = 0;
  const transport: Transport = {
    ...counted(line, () => {}),
    writeSync: (bytes) => void sent.push(bytes.slice()),
    polling: {
      trySend(bytes) {
        const count = Math.min(bytes.length, waits % 3 === 0 ? 0 : 777);
        sent.push(bytes.slice(0, count));
        return count;
      },
      wait: ({ input }) => ({ input: input && ++waits % 2 === 0 }),
    },
  };
  assertEquals(await serve(new MemoryStorage(), { transport }), 0);
  assertAnswered(new Splitter().push(concat(...sent)).map(parseReply));
});

for (const root of ["kernel", "portable"]) {
  Deno.test(`a client that reads late gets 100,000 replies in order (${root} root)`, async () => {
    await withTempDir(async (directory) => {
      const count = 100_000;
      const server = new ChildServer(sftpwrap(["jail", `--confine=${root}`, directory]));
      await server.greet();
      const requests = Array.from({ length: count }, (_, id) => request(ask.stat("/"), id));
      const sending = server.send(joined(requests));
      // Under the kernel root all is taken before a reply is read. The portable root can only
      // write by waiting, so there the client must begin to read some time.
      if (root === "kernel") await sending;
      else await hasStalled(server.pid);
      for (let id = 0; id < count; id++) {
        const body = await server.receiveBody();
        assert(body !== undefined);
        const view = new DataView(body.buffer, body.byteOffset);
        if (body[0] !== 105 || view.getUint32(1) !== id) throw new Error(`Reply ${id} is another`);
      }
      await sending;
      assertLess(await peakMemory(server.pid), 250 * MIB);
      assertEquals((await server.end()).code, 0);
    });
  });
}

Deno.test("a client that does not read does not make the server grow", async () => {
  await withTempDir(async (directory) => {
    const server = new ChildServer(sftpwrap(["jail", directory]));
    await server.greet();
    await Deno.writeFile(`${directory}/file`, new Uint8Array(300_000));
    const handle = await server.handle(ask.open("/file", 1));
    const before = await peakMemory(server.pid);
    const requests = Array.from(
      { length: 20_000 },
      (_, id) => request(ask.read(handle, 0, 261_120), id),
    );
    const sending = server.send(joined(requests));
    await hasStalled(server.pid);
    // Five gigabytes of replies were asked for.
    assertLess(await peakMemory(server.pid) - before, 100 * MIB);
    await server.closeOutput();
    await sending;
    assertEquals((await server.end()).code, 0);
  });
});

/** A transport over a line that counts its writes. */
function counted(line: Line, count: () => void): Transport {
  return {
    readSync: (into) => line.readSync(into),
    writeSync(bytes) {
      count();
      line.writeSync(bytes);
    },
    read: (into) => line.read(into),
    async write(bytes) {
      count();
      await line.write(bytes);
    },
  };
}

/** The same storage, whose end is told. */
function withClose(storage: Storage, closed: () => void): Storage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "close") return closed;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/**
 * Settles when a process has done nothing for a while. A session keeps its `/proc/PID/io` from other
 * processes of the same user, but not the processor's time (utime and stime, in ticks).
 */
async function hasStalled(pid: number): Promise<void> {
  let last = "";
  let same = 0;
  await until(async () => {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const now = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).join(" ");
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= 5;
  }, { what: "the server waits", every: 50 });
}

/** The most memory that a process has used, in bytes. */
async function peakMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

Deno.test("serve() applies its policies, to requests as to the storage", async () => {
  const storage = new MemoryStorage();
  storage.mkdir("/old", {});
  const packets = [ask.mkdir("/d"), ask.mkdir("/d/kept"), ask.rmdir("/old"), ask.stat("/old")];
  const line = new Line([init(), ...packets.map(request)]);
  const policies = [noDelete(), denyPaths(["kept"])];
  assertEquals(await serve(storage, { transport: line, policies }), 0);
  assertEquals(
    line.replies.map((reply) => reply.kind === "status" ? reply.message : reply.kind),
    ["version", "Success", "Permission denied", "Permission denied", "attrs"],
  );
});
