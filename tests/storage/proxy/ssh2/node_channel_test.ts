import { Duplex, Readable } from "node:stream";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { channelOf } from "../../../../lib/storage/proxy/ssh2/node_channel.ts";

/** A stream that gives what is pushed, and keeps what is written. */
function pipe(): { readonly stream: Duplex; readonly written: string[]; finish(): void } {
  const written: string[] = [];
  let finish: () => void = () => {};
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      written.push(new TextDecoder().decode(chunk));
      finish = done;
    },
  });
  return { stream, written, finish: () => finish() };
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

Deno.test("channelOf() gives what comes in its order, before and after it is asked for", async () => {
  const { stream } = pipe();
  const { source } = channelOf(stream);
  const first = source.read();
  stream.push("one");
  assertEquals(text(await first), "one");
  stream.push("two");
  stream.push("three");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([text(await source.read()), text(await source.read())], ["two", "three"]);
});

Deno.test("channelOf() gives what has come before the end, and then the end again and again", async () => {
  const { stream } = pipe();
  const { source } = channelOf(stream);
  stream.push("last words");
  stream.push(null);
  assertEquals(text(await source.read()), "last words");
  assertEquals(await source.read(), undefined);
  assertEquals(await source.read(), undefined);
});

Deno.test("channelOf() gives what has come before a failure, and then the failure", async () => {
  const { stream } = pipe();
  const { source } = channelOf(stream);
  stream.push("last words");
  await new Promise((resolve) => setTimeout(resolve, 0));
  stream.destroy(new Error("reset"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(text(await source.read()), "last words");
  await assertRejects(() => source.read(), Error, "reset");
});

Deno.test("channelOf() holds the far side up while nobody reads, and lets it go on", async () => {
  const { stream } = pipe();
  const { source } = channelOf(stream);
  for (let count = 0; count < 40; count++) stream.push(new Uint8Array(64 * 1024));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert(stream.isPaused());
  assert(stream.readableLength > 0, "what waits behind the limit stays in the stream");
  let length = 0;
  for (let count = 0; count < 40; count++) length += (await source.read())!.length;
  assertEquals(length, 40 * 64 * 1024);
});

Deno.test("channelOf() keeps nothing of what the server says beside the bytes", async () => {
  const { stream } = pipe();
  const stderr = new Readable({ read() {} });
  channelOf(Object.assign(stream, { stderr }));
  for (let count = 0; count < 40; count++) stderr.push(new Uint8Array(64 * 1024));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(stderr.readableLength, 0);
});

Deno.test("channelOf() settles a write when the stream has taken it", async () => {
  const { stream, written, finish } = pipe();
  const { sink } = channelOf(stream);
  let isDone = false;
  const write = sink.write(new TextEncoder().encode("one")).then(() => isDone = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals({ written, isDone }, { written: ["one"], isDone: false });
  finish();
  await write;
});

Deno.test("channelOf() writes several parts as one", async () => {
  const { stream, written, finish } = pipe();
  const { sink } = channelOf(stream);
  for (const parts of [["a", "bc"], ["def", "", "g"]]) {
    const write = sink.writeAll(parts.map((part) => new TextEncoder().encode(part)));
    finish();
    await write;
  }
  assertEquals(written, ["abc", "defg"]);
});

Deno.test("channelOf() fails what is under way when it is broken, and what comes after", async () => {
  const { stream } = pipe();
  const channel = channelOf(stream);
  const reading = channel.source.read();
  const writing = channel.sink.write(new Uint8Array(1));
  channel.break(new Error("the network is gone"));
  await assertRejects(() => reading, Error, "the network is gone");
  await assertRejects(() => writing, Error, "the network is gone");
  await assertRejects(() => channel.source.read(), Error, "the network is gone");
  await assertRejects(() => channel.sink.write(new Uint8Array(1)), Error, "the network is gone");
});
