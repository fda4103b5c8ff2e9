import { assertEquals, assertRejects } from "@std/assert";
import { SftpStatusError } from "../../lib/client/errors.ts";
import { RemoteFile } from "../../lib/client/remote_file.ts";
import { PacketType, StatusCode } from "../../lib/wire/constants.ts";
import { data, hex, type Received, ScriptedServer, status } from "./scripted_server.ts";

const CONTENT = new Uint8Array(256).map((_, at) => at);

/** A READ or a WRITE as it came. */
interface Piece {
  readonly id: number;
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

/** An open file of a server that takes ten bytes in a packet. */
async function openFile(): Promise<{ server: ScriptedServer; file: RemoteFile }> {
  const { server, connection } = await ScriptedServer.connected();
  const limits = { maxPacketLength: 0, maxReadLength: 10, maxWriteLength: 10, maxOpenHandles: 0 };
  return { server, file: new RemoteFile({ connection, limits }, "/a", hex("01")) };
}

function piece({ id, type, body }: Received): Piece {
  body.bytes();
  const offset = body.u64();
  return { id, type, offset, length: body.u32() };
}

/** Answers a READ with what a file of `size` bytes has there, at most `most` of them. */
async function answer(server: ScriptedServer, read: Piece, size: number, most: number) {
  const end = Math.min(read.offset + Math.min(read.length, most), size);
  await server.send(
    read.offset >= end
      ? status(read.id, StatusCode.EOF)
      : data(read.id, CONTENT.subarray(read.offset, end)),
  );
}

Deno.test("RemoteFile.read() asks for many pieces at once, none above the limit", async () => {
  const { server, file } = await openFile();
  const into = new Uint8Array(35);
  const reading = file.read(into, 100);
  const asked = [];
  for (let count = 0; count < 4; count++) asked.push(piece(await server.next()));
  assertEquals(asked.map(({ offset, length }) => [offset, length]), [
    [100, 10],
    [110, 10],
    [120, 10],
    [130, 5],
  ]);
  for (const read of asked.reverse()) await answer(server, read, 256, 10);
  assertEquals(await reading, 35);
  assertEquals(into, CONTENT.slice(100, 135));
});

Deno.test("RemoteFile.read() asks again where the server sends less than it was asked for", async () => {
  for (const length of [10, 35]) {
    const { server, file } = await openFile();
    const into = new Uint8Array(length);
    const reading = file.read(into, 0);
    let missing = length;
    while (missing > 0) {
      const read = piece(await server.next());
      await answer(server, read, 256, 3);
      missing -= Math.min(3, read.length);
    }
    assertEquals(await reading, length);
    assertEquals(into, CONTENT.slice(0, length));
  }
});

Deno.test("RemoteFile.read() returns less at the end of the file alone", async () => {
  for (const [size, count] of [[135, 35], [117, 17], [110, 10], [100, 0]] as const) {
    const { server, file } = await openFile();
    const into = new Uint8Array(40);
    let settled = false;
    const reading = file.read(into, 100).finally(() => settled = true);
    while (!settled) {
      const next = await Promise.race([server.next(), reading]);
      if (typeof next !== "number") await answer(server, piece(next), size, 10);
    }
    assertEquals(await reading, count, `of a file of ${size} bytes`);
    assertEquals(into.subarray(0, count), CONTENT.subarray(100, 100 + count));
  }
});

Deno.test("RemoteFile.read() that fails is not settled while a piece is on its way", async () => {
  const { server, file } = await openFile();
  const into = new Uint8Array(20);
  let settled = false;
  const reading = assertRejects(() => file.read(into, 0).finally(() => settled = true));
  const [first, second] = [piece(await server.next()), piece(await server.next())];
  await server.send(status(first.id, StatusCode.FAILURE, "bad sector"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(settled, false);
  await answer(server, second, 256, 10);
  assertEquals((await reading as SftpStatusError).text, "bad sector");
});

Deno.test("RemoteFile.write() sends many pieces at once, none above the limit", async () => {
  const { server, file } = await openFile();
  const writing = file.write(CONTENT.subarray(0, 25), 7);
  const sent = [];
  for (let count = 0; count < 3; count++) {
    const { id, type, body } = await server.next();
    assertEquals(type, PacketType.WRITE);
    body.bytes();
    sent.push({ id, offset: body.u64(), bytes: body.bytes().slice() });
  }
  assertEquals(sent.map(({ offset, bytes }) => [offset, bytes]), [
    [7, CONTENT.slice(0, 10)],
    [17, CONTENT.slice(10, 20)],
    [27, CONTENT.slice(20, 25)],
  ]);
  for (const { id } of sent) await server.sendOk(id);
  await writing;
});

Deno.test("RemoteFile.write() begins no further piece after a failure", async () => {
  const { server, file } = await openFile();
  const writing = assertRejects(() => file.write(new Uint8Array(1000), 0), SftpStatusError);
  const first = await server.next();
  const ids: number[] = [];
  // As many as are in flight at once; no more come before one is answered.
  while (ids.length < 63) ids.push((await server.next()).id);
  await server.send(status(first.id, StatusCode.FAILURE, "no space"));
  for (const id of ids) await server.sendOk(id);
  assertEquals((await writing).text, "no space");
  const closing = file.close();
  const { type, id } = await server.next();
  assertEquals(type, PacketType.CLOSE);
  await server.sendOk(id);
  await closing;
});
