import { assert, assertEquals, assertThrows } from "@std/assert";
import { type PipeCalls, pipePolling, widener } from "../../lib/transport/stdio_pipe.ts";
import { Poller } from "../../lib/transport/poller.ts";
import { Errno } from "../../lib/linux/errno.ts";
import { OpenFlag, PacketType } from "../../lib/wire/constants.ts";
import { withTempDir } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { startServer } from "../support/server.ts";

const O_NONBLOCK = 0o4000;
const STDOUT = 1;
const OWN = 7;

/** A pipe whose answers to write(2) are given, and what was asked of it. */
function scripted(answers: number[], { size = 65_536, widened = 2 ** 20, own = OWN } = {}) {
  const calls: string[] = [];
  const libc: PipeCalls & { poll(fds: Uint8Array, timeout: number): number } = {
    write(fd, data) {
      calls.push(`write ${fd} ${data.length}`);
      return answers.shift() ?? -Errno.EAGAIN;
    },
    pipeSize: () => size,
    setPipeSize(fd, bytes) {
      calls.push(`setPipeSize ${fd} ${bytes}`);
      return widened;
    },
    reopenPipe: () => own,
    poll(fds, timeout) {
      calls.push(`poll ${fds.length / 8} ${timeout}`);
      // Standard output is ready.
      if (fds.length > 0) new DataView(fds.buffer).setInt16(14, 4, true);
      return fds.length > 0 ? 1 : 0;
    },
  };
  return { calls, polling: pipePolling(libc, new Poller(libc)) };
}

Deno.test("pipePolling() writes what fits, and what a signal broke off again", () => {
  const { calls, polling } = scripted([-Errno.EINTR, 5000, -Errno.EAGAIN]);
  assertEquals(polling.trySend(new Uint8Array(9000)), 5000);
  assertEquals(polling.trySend(new Uint8Array(4000)), 0);
  assertEquals(calls, [`write ${OWN} 9000`, `write ${OWN} 9000`, `write ${OWN} 4000`]);
});

Deno.test("pipePolling() rests where it has filled a pipe that it could widen, once for each time", () => {
  const { calls, polling } = scripted([65_536]);
  polling.trySend(new Uint8Array(100_000));
  polling.wait({ input: true });
  polling.wait({ input: true });
  assertEquals(calls, [
    `write ${OWN} 100000`,
    `setPipeSize ${STDOUT} 1048576`,
    "poll 0 1",
    "poll 2 -1",
    "poll 2 -1",
  ]);
});

Deno.test("pipePolling() never rests at a pipe that stays as it is", () => {
  const { calls, polling } = scripted([65_536, 65_536], { widened: -Errno.EPERM });
  for (let round = 0; round < 2; round++) {
    polling.trySend(new Uint8Array(100_000));
    polling.wait({ input: true });
  }
  assertEquals(calls.filter((call) => call.startsWith("setPipeSize")).length, 1);
  assertEquals(calls.filter((call) => call === "poll 0 1").length, 0);
});

Deno.test("pipePolling() writes small parts where the pipe cannot be opened once more", () => {
  for (const lacks of [{ size: -Errno.EBADF }, { own: -Errno.ENOENT }]) {
    const { calls, polling } = scripted([4096, 904], lacks);
    assertEquals(polling.trySend(new Uint8Array(5000)), 5000);
    assertEquals(calls, [
      "poll 2 0",
      `write ${STDOUT} 4096`,
      "poll 2 0",
      `write ${STDOUT} 904`,
    ]);
  }
});

Deno.test("pipePolling() tells that the client has gone", () => {
  const { polling } = scripted([-Errno.EPIPE]);
  assertThrows(() => polling.trySend(new Uint8Array(1)), Deno.errors.BrokenPipe, "has gone");
});

Deno.test("widener() asks once for a wider pipe, and tells each time whether it is one", () => {
  for (const [answer, isWide] of [[262_144, true], [-Errno.EPERM, false]] as const) {
    const asked: string[] = [];
    const setPipeSize = (fd: number, bytes: number) => {
      asked.push(`${fd} ${bytes}`);
      return answer;
    };
    const widen = widener({ setPipeSize }, 9, 262_144);
    assertEquals([asked.length, widen(), widen(), asked], [0, isWide, isWide, ["9 262144"]]);
  }
});

Deno.test({
  name: "a session on pipes writes without waiting, and leaves the pipe's own flags alone",
  // A session keeps its descriptors from other processes of the same user, but not from root.
  ...Deno.uid() === 0 ? needs("/proc/self/fdinfo") : { ignore: true },
  async fn() {
    await withTempDir(async (directory) => {
      const main = new URL("../../main.ts", import.meta.url).pathname;
      const args = ["run", "--no-prompt", "-A", main, "jail", directory];
      await using server = await startServer(Deno.execPath(), args);
      const { pid } = server.process;
      const pipe = await Deno.readLink(`/proc/${pid}/fd/1`);
      assert(pipe.startsWith("pipe:"), pipe);
      const waiting = new Map<string, boolean>();
      for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
        if (await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "") !== pipe) continue;
        const info = await Deno.readTextFile(`/proc/${pid}/fdinfo/${name}`);
        waiting.set(name, (parseInt(/^flags:\s*(\d+)$/m.exec(info)![1]!, 8) & O_NONBLOCK) === 0);
      }
      assertEquals(waiting.get("1"), true);
      assertEquals([...waiting.values()].filter((waits) => !waits).length, 1);
    });
  },
});

Deno.test("a client on pipes may send 20,000 requests before it reads a reply of a megabyte", async () => {
  await withTempDir(async (directory) => {
    await Deno.writeTextFile(`${directory}/file`, "x".repeat(1000));
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "-A", main, "jail", directory],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const count = 20_000;
    const requests = [packet(PacketType.INIT, u32(3)), packet(PacketType.OPEN, open("file"))];
    const handle = new Uint8Array([...u32(4), ...u32(0)]);
    for (let id = 0; id < count; id++) {
      requests.push(
        packet(PacketType.READ, [...u32(id), ...handle, ...u32(0), ...u32(0), ...u32(100)]),
      );
    }
    const writer = process.stdin.getWriter();
    // Nothing is read until all has been taken.
    await writer.write(await new Blob(requests as BlobPart[]).bytes());
    await writer.close();
    const replies = await new Response(process.stdout).bytes();
    assertEquals((await process.status).code, 0);
    let data = 0;
    for (let at = 0; at < replies.length;) {
      if (replies[at + 4] === PacketType.DATA) data++;
      at += 4 + new DataView(replies.buffer, replies.byteOffset).getUint32(at);
    }
    assertEquals(data, count);
  });
});

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function open(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...u32(1), ...u32(bytes.length), ...bytes, ...u32(OpenFlag.READ), ...u32(0)];
}

function packet(type: number, body: readonly number[]): Uint8Array {
  return new Uint8Array([...u32(body.length + 1), type, ...body]);
}
