import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import * as calls from "../../lib/client/calls.ts";
import { Connection } from "../../lib/client/connection.ts";
import { ConnectionLostError, ProtocolError, SftpStatusError } from "../../lib/client/errors.ts";
import { PacketType, StatusCode } from "../../lib/wire/constants.ts";
import { writeAttrsReply } from "../../lib/wire/replies.ts";
import { data, hex, packets, ScriptedServer, status } from "./scripted_server.ts";

const HANDLE = hex("0102");

function attrs(id: number, size: number): Uint8Array<ArrayBuffer> {
  return packets((writer) => writeAttrsReply(writer, id, { size }));
}

/** The request, refused for whatever the server has sent. */
async function stat(connection: Connection): Promise<unknown> {
  return await connection.request(calls.STAT, { path: "/a" });
}

Deno.test("Connection.open() sends INIT of version 3 and nothing else", async () => {
  const sent: Uint8Array[] = [];
  const answer = new TransformStream<Uint8Array, Uint8Array>();
  const answering = answer.writable.getWriter();
  await Connection.open({
    readable: answer.readable,
    writable: new WritableStream({
      async write(chunk) {
        sent.push(chunk.slice());
        await answering.write(hex("00000005 02 00000003"));
      },
    }),
  });
  assertEquals(sent, [hex("00000005 01 00000003")]);
});

Deno.test("Connection.open() reads what is advertised, binary data too", async () => {
  const server = new ScriptedServer();
  const opening = Connection.open(server.channel);
  await server.send(hex(
    "00000025 02 00000003",
    "00000001 61  00000001 31", // a: 1
    "00000001 62  00000002 00ff", // b: two bytes that are no text
    "00000003 637878  00000000", // cxx: nothing
  ));
  const { extensions } = await opening;
  assertEquals([...extensions], [["a", "1"], ["b", "\0\udcff"], ["cxx", ""]]);
});

Deno.test("Connection.open() refuses another version", async () => {
  const server = new ScriptedServer();
  const opening = Connection.open(server.channel);
  await server.send(hex("00000005 02 00000006"));
  await assertRejects(() => opening, ProtocolError, "version 6");
});

Deno.test("Connection.open() refuses another packet than VERSION", async () => {
  const server = new ScriptedServer();
  const opening = Connection.open(server.channel);
  await server.send(status(0, StatusCode.OK));
  await assertRejects(() => opening, ProtocolError, "type 101");
});

Deno.test("Connection.open() quotes the text that came in place of SFTP", async () => {
  const server = new ScriptedServer();
  const opening = Connection.open(server.channel);
  const text = "This account is currently not available.\nBye.\n";
  await server.send(new TextEncoder().encode(text));
  await assertRejects(
    () => opening,
    ProtocolError,
    'text in place of SFTP: "This account is currently not available."',
  );
});

Deno.test("Connection.open() fails where the server hangs up before VERSION", async () => {
  const server = new ScriptedServer();
  const opening = Connection.open(server.channel);
  await server.end();
  await assertRejects(() => opening, ConnectionLostError, "The server ended the connection");
});

Deno.test("Connection settles each request by its own reply, whatever the order", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const first = connection.request(calls.STAT, { path: "/1" });
  const second = connection.request(calls.STAT, { path: "/2" });
  const third = connection.request(calls.REMOVE, { path: "/3" });
  const ids = [(await server.next()).id, (await server.next()).id, (await server.next()).id];
  assertEquals(new Set(ids).size, 3);
  await server.sendOk(ids[2]!);
  await third;
  assertEquals(connection.outstanding, 2);
  await server.send(attrs(ids[1]!, 2));
  assertEquals((await second).size, 2);
  await server.send(attrs(ids[0]!, 1));
  assertEquals((await first).size, 1);
  assertEquals(connection.outstanding, 0);
});

Deno.test("Connection fails a request with the server's code and words", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const answer = connection.request(calls.STAT, { path: "/a b" });
  await server.send(status((await server.next()).id, StatusCode.PERMISSION_DENIED, "keep out"));
  const error = await assertRejects(() => answer, SftpStatusError);
  assertEquals(error.code, StatusCode.PERMISSION_DENIED);
  assertEquals(error.text, "keep out");
  assertEquals(error.message, "STAT /a b: keep out");
});

Deno.test("Connection understands a STATUS without text", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const missing = connection.request(calls.LSTAT, { path: "/a" });
  const removed = connection.request(calls.REMOVE, { path: "/a" });
  const strange = connection.request(calls.RENAME, { from: "/a", to: "/b" });
  const ids = [(await server.next()).id, (await server.next()).id, (await server.next()).id];
  await server.send(hex("00000009 65", word(ids[0]!), "00000002"));
  await server.send(hex("00000009 65", word(ids[1]!), "00000000"));
  await server.send(hex("00000009 65", word(ids[2]!), "000000c8"));
  const error = await assertRejects(() => missing, SftpStatusError, "LSTAT /a: No such file");
  assertEquals(error.text, "");
  await removed;
  await assertRejects(() => strange, SftpStatusError, "RENAME /a: status 200");
});

Deno.test("Connection.read() puts the bytes where they are wanted, cut at any place", async () => {
  const reply = hex("00000010 67 00000000 00000007 61626364656667");
  for (let cut = 0; cut <= reply.length; cut++) {
    const { server, connection } = await ScriptedServer.connected();
    const into = new Uint8Array(10).fill(0x2e);
    const reading = connection.read(HANDLE, into.subarray(1, 9), 5);
    const { type, id, body } = await server.next();
    assertEquals(type, PacketType.READ);
    assertEquals(id, 0);
    assertEquals(body.rest(), hex("00000002 0102", "0000000000000005", "00000008"));
    await server.send(reply.slice(0, cut));
    await server.send(reply.slice(cut));
    assertEquals(await reading, 7, `cut at ${cut}`);
    assertEquals(new TextDecoder().decode(into), ".abcdefg..");
  }
});

Deno.test("Connection.read() returns 0 at the end of the file", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const reading = connection.read(HANDLE, new Uint8Array(8), 5);
  await server.send(status((await server.next()).id, StatusCode.EOF));
  assertEquals(await reading, 0);
});

Deno.test("Connection.write() sends the bytes with handle and place", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const writing = connection.write(HANDLE, hex("aabbcc"), 2 ** 32 + 1);
  const { type, id, body } = await server.next();
  assertEquals(type, PacketType.WRITE);
  assertEquals(body.rest(), hex("00000002 0102", "0000000100000001", "00000003 aabbcc"));
  await server.sendOk(id);
  await writing;
});

/** What a server may send in answer to a STAT with the id 0, and what is said of it. */
const NONSENSE: readonly (readonly [name: string, bytes: Uint8Array, says: string])[] = [
  ["a reply to an id that was never sent", attrs(7, 1), "request 7, never made"],
  ["a reply of another type", data(0, hex("00")), "type 103 came as the reply to STAT"],
  ["a reply of no known type", hex("00000005 99 00000000"), "type 153"],
  ["OK where something was asked for", status(0, StatusCode.OK), "type 101"],
  ["attributes that are cut off", hex("0000000d 69 00000000 00000001 00000000"), "too short"],
  ["a packet without an id", hex("00000003 690000"), "too short"],
  ["a status without a code", hex("00000005 65 00000000"), "too short"],
  ["a packet of nothing", hex("00000000"), "packet is empty"],
  ["a packet of 4 GiB", hex("ffffffff"), "too long"],
  ["VERSION once more", hex("00000005 02 00000003"), "request 3, never made"],
];

for (const [name, bytes, says] of NONSENSE) {
  Deno.test(`Connection ends with a ProtocolError on ${name}`, async () => {
    const { server, connection } = await ScriptedServer.connected();
    const asked = stat(connection);
    const other = stat(connection);
    await server.next();
    await server.send(bytes);
    const error = await assertRejects(() => asked, ProtocolError, says);
    await assertRejects(() => other, ProtocolError, says);
    assertEquals(await connection.ended, error);
    await assertRejects(() => stat(connection), ProtocolError, says);
    assertEquals(connection.outstanding, 0);
  });
}

Deno.test("Connection ends with a ProtocolError on more data than was asked for", async () => {
  for (const inPieces of [false, true]) {
    const { server, connection } = await ScriptedServer.connected();
    const memory = new Uint8Array(16);
    const reading = connection.read(HANDLE, memory.subarray(0, 4), 0);
    const says = "5 bytes came where 4 were asked for";
    const refused = assertRejects(() => reading, ProtocolError, says);
    await server.next();
    const reply = data(0, hex("0102030405"));
    await server.send(inPieces ? reply.slice(0, 14) : reply);
    await refused;
    assertEquals(memory, new Uint8Array(16));
  }
});

Deno.test("Connection ends with a ProtocolError on a second reply to one request", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const asked = stat(connection);
  await server.next();
  await server.send(attrs(0, 1));
  await asked;
  await server.send(attrs(0, 1));
  assertInstanceOf(await connection.ended, ProtocolError);
});

Deno.test("Connection that is lost fails all that is outstanding, and all that comes", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const into = new Uint8Array(8);
  const asked = [
    stat(connection),
    connection.read(HANDLE, into, 0),
    connection.write(HANDLE, into, 0),
    connection.request(calls.READDIR, { handle: HANDLE }),
  ];
  await server.next();
  await server.break(new Error("cable cut"));
  for (const answer of asked) {
    await assertRejects(() => answer, ConnectionLostError, "connection was lost: cable cut");
  }
  await assertRejects(() => stat(connection), ConnectionLostError, "cable cut");
  assertInstanceOf(await connection.ended, ConnectionLostError);
  await connection.close();
});

Deno.test("Connection that ends in the middle of a packet says so", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const asked = stat(connection);
  await server.next();
  await server.send(attrs(0, 1).slice(0, 9));
  await server.end();
  await assertRejects(() => asked, ConnectionLostError, "in the middle of a packet");
});

Deno.test("Connection whose requests cannot be sent is lost", async () => {
  const answer = new TransformStream<Uint8Array, Uint8Array>();
  const answering = answer.writable.getWriter();
  let writes = 0;
  const opening = Connection.open({
    readable: answer.readable,
    writable: new WritableStream({
      async write() {
        if (writes++ > 0) throw new Error("broken pipe");
        await answering.write(hex("00000005 02 00000003"));
      },
    }),
  });
  const connection = await opening;
  await assertRejects(() => stat(connection), ConnectionLostError, "broken pipe");
});

Deno.test("Connection.close() waits for what is outstanding", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const asked = connection.request(calls.STAT, { path: "/a" });
  const { id } = await server.next();
  const closing = connection.close();
  await assertRejects(() => stat(connection), ConnectionLostError, "closed");
  await server.hungUp();
  await server.send(attrs(id, 7));
  await server.end();
  assertEquals((await asked).size, 7);
  await closing;
  assertEquals(await connection.ended, undefined);
  await connection.close();
});

Deno.test("Connection.close() settles where the server hangs up without answering", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const asked = stat(connection);
  await server.next();
  const closing = connection.close();
  await server.end();
  await assertRejects(() => asked, ConnectionLostError);
  await closing;
  assertInstanceOf(await connection.ended, ConnectionLostError);
});

Deno.test("Connection.abort() fails what is outstanding, and touches no buffer after", async () => {
  let incoming!: ReadableStreamDefaultController<Uint8Array>;
  const opening = Connection.open({
    readable: new ReadableStream({ start: (controller) => void (incoming = controller) }),
    writable: new WritableStream(),
  });
  incoming.enqueue(hex("00000005 02 00000003"));
  const connection = await opening;
  const into = new Uint8Array(8);
  const reading = connection.read(HANDLE, into, 0);
  const reply = data(0, hex("0102030405060708"));
  incoming.enqueue(reply.slice(0, 15));
  while (into[1] === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  // This chunk is taken from the stream before the connection is broken off, and met after it.
  incoming.enqueue(reply.slice(15));
  connection.abort(new Error("enough"));
  await assertRejects(() => reading, Error, "enough");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(into, hex("0102 000000000000"));
  const reason = await connection.ended;
  assert(reason instanceof Error && reason.message === "enough");
  await assertRejects(() => stat(connection), Error, "enough");
});

function word(value: number): string {
  return value.toString(16).padStart(8, "0");
}
