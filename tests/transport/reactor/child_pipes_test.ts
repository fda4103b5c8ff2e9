import { assert, assertEquals, assertRejects } from "@std/assert";
import { directStreams } from "../../../lib/transport/reactor/child_pipes.ts";
import type { DirectChannel } from "../../../lib/client/channel.ts";
import type { Transport } from "../../../lib/transport/stdio.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { needs } from "../../support/programs.ts";

const MIB = 2 ** 20;
const libc = openLibc();
// It is opened once for all tests.
libc.openVectors();

/** A client's side that is not used. */
const transport: Transport = {
  readSync: () => null,
  writeSync: () => {},
  read: () => Promise.resolve(null),
  write: () => Promise.resolve(),
  polling: { trySend: (bytes) => bytes.length, wait: () => ({ input: false }) },
};

function started() {
  const child = new Deno.Command("cat", { stdin: "piped", stdout: "piped", stderr: "null" })
    .spawn();
  return { child, channel: { ...channelOf(child), pid: child.pid } };
}

function channelOf(child: Deno.ChildProcess) {
  return { readable: child.stdout, writable: child.stdin };
}

/**
 * Gives a `cat` whose pipes are taken over; it must end by itself. The threads that poll its pipes
 * end after it does, and are waited for.
 */
async function withCat(
  use: (channel: DirectChannel, child: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const { child, channel } = started();
  const polls: Promise<number>[] = [];
  const streams = directStreams(channel, transport, {
    ...libc,
    pollElsewhere: (fds, timeoutMs) => {
      const poll = libc.pollElsewhere(fds, timeoutMs);
      polls.push(poll);
      return poll;
    },
  });
  assert(streams !== undefined);
  await use(streams.channel, child);
  await streams.channel.sink.close();
  await streams.channel.source.cancel(undefined);
  await child.status;
  await Promise.all(polls);
}

async function readAll({ source }: DirectChannel): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const chunk = await source.read();
    if (chunk === undefined) break;
    chunks.push(chunk.slice());
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

Deno.test({
  name: "directStreams() moves megabytes to a process and back, and then its end",
  ...needs("cat"),
  async fn() {
    await withCat(async (channel) => {
      const bytes = new Uint8Array(5 * MIB).map((_, index) => (index * 31) >> 5);
      const reading = readAll(channel);
      await channel.sink.write(bytes);
      await channel.sink.close();
      assertEquals(await reading, bytes);
    });
  },
});

Deno.test({
  name: "directStreams() holds up who writes more than the pipes hold until somebody reads",
  ...needs("cat"),
  async fn() {
    await withCat(async (channel) => {
      let isWritten = false;
      const writing = channel.sink.write(new Uint8Array(6 * MIB)).then(() => isWritten = true);
      // A megabyte has come back by then at the latest, and nobody has taken it.
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert(!isWritten);
      const reading = readAll(channel);
      await writing;
      await channel.sink.close();
      assertEquals((await reading).length, 6 * MIB);
    });
  },
});

Deno.test({
  name: "directStreams() lets timers run while it waits, and sees what they write",
  ...needs("cat"),
  async fn() {
    await withCat(async (channel) => {
      for (let value = 1; value <= 3; value++) {
        const reading = channel.source.read();
        await new Promise((resolve) => setTimeout(resolve, 20));
        await channel.sink.write(new Uint8Array([value]));
        assertEquals(await reading, new Uint8Array([value]));
      }
    });
  },
});

Deno.test({
  name: "directStreams() tells both ways that a process has gone",
  ...needs("cat"),
  async fn() {
    await withCat(async (channel, child) => {
      const reading = channel.source.read();
      child.kill("SIGKILL");
      assertEquals(await reading, undefined);
      // The system closes one after the other.
      await child.status;
      await assertRejects(() => channel.sink.write(new Uint8Array(1)), Error, "hung up");
    });
  },
});

Deno.test({
  name: "directStreams() settles what is outstanding when a side is broken off",
  ...needs("cat"),
  async fn() {
    await withCat(async ({ source, sink }) => {
      const reading = source.read();
      const writing = assertRejects(() => sink.write(new Uint8Array(6 * MIB)), Error, "closed");
      await new Promise((resolve) => setTimeout(resolve, 20));
      await source.cancel(undefined);
      await sink.abort(undefined);
      await writing;
      await reading;
      assertEquals(await source.read(), undefined);
      await assertRejects(() => sink.write(new Uint8Array(1)), Error, "closed");
    });
  },
});

Deno.test({
  name: "directStreams() leaves to Deno what is no process's, and what cannot be opened",
  ...needs("cat"),
  async fn() {
    const { child, channel } = started();
    const { polling: _, ...bare } = transport;
    assertEquals(directStreams(channelOf(child), transport, libc), undefined);
    assertEquals(directStreams(channel, bare, libc), undefined);
    const closed: number[] = [];
    const refusing = {
      ...libc,
      openPipeTo: (_pid: number, fd: 0 | 1) => fd === 0 ? 77 : -13,
      close: (fd: number) => closed.push(fd),
    };
    assertEquals(directStreams(channel, transport, refusing), undefined);
    assertEquals(closed, [77]);
    await child.stdin.close();
    await child.stdout.cancel();
    await child.status;
  },
});
