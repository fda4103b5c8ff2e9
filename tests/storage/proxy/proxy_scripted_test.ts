import { assert, assertEquals, assertRejects } from "@std/assert";
import { SftpClient } from "../../../lib/client/client.ts";
import { StorageError } from "../../../lib/storage/errors.ts";
import { ProxyStorage } from "../../../lib/storage/proxy/proxy.ts";
import { PacketType, StatusCode } from "../../../lib/wire/constants.ts";
import { writeAttrsReply, writeExtendedReply, writeNames } from "../../../lib/wire/replies.ts";
import { writeLimits } from "../../../lib/wire/extensions.ts";
import { data, packets, ScriptedServer, status } from "../../client/scripted_server.ts";
import { how } from "../../../lib/testing/subject.ts";

const HANDLE = new Uint8Array([0, 255, 7]);

/** A far side that the test plays itself. */
async function scripted(
  extensions: readonly (readonly [string, string])[] = [],
): Promise<{ server: ScriptedServer; storage: ProxyStorage }> {
  const server = new ScriptedServer();
  const opening = SftpClient.connect(server.channel);
  await server.greet(extensions);
  if (extensions.some(([name]) => name === "limits@openssh.com")) {
    const { id } = await server.next();
    const value = {
      maxPacketLength: 20_000,
      maxReadLength: 1000,
      maxWriteLength: 700,
      maxOpenHandles: 5,
    };
    await server.send(packets((writer) => {
      writeExtendedReply(writer, id, { value, write: writeLimits });
    }));
  }
  return { server, storage: await ProxyStorage.open(await opening, { description: "a@b:22" }) };
}

function handleReply(id: number): Uint8Array {
  return packets((writer) => {
    writer.begin(PacketType.HANDLE);
    writer.u32(id);
    writer.bytes(HANDLE);
    writer.end();
  });
}

async function opened(server: ScriptedServer, storage: ProxyStorage) {
  const opening = storage.open("/f", how("read", "write"));
  await server.send(handleReply((await server.next()).id));
  return await opening;
}

async function over(server: ScriptedServer, storage: ProxyStorage): Promise<void> {
  const closing = storage.close();
  await server.hungUp();
  await server.end();
  await closing;
}

/** Every flag as the client names it, and the bits that go over the wire. */
const FLAGS = [
  [how("read"), 0x01],
  [how("write"), 0x02],
  [how("read", "write"), 0x03],
  [how("write", "append"), 0x06],
  [how("write", "create"), 0x0a],
  [how("read", "create"), 0x09],
  [how("write", "truncate"), 0x12],
  [how("write", "exclusive"), 0x22],
  [how("write", "create", "exclusive"), 0x2a],
  [how("read", "write", "append", "create", "truncate", "exclusive"), 0x3f],
] as const;

Deno.test("ProxyStorage passes open flags on as they are, and adds none", async () => {
  const { server, storage } = await scripted();
  for (const [options, bits] of FLAGS) {
    const opening = storage.open("/f", { ...options, attrs: { permissions: 0o640 } });
    const { id, type, body } = await server.next();
    assertEquals([type, body.name(), body.u32()], [PacketType.OPEN, "/f", bits]);
    assertEquals([body.u32(), body.u32()], [0x4, 0o640]);
    await server.send(handleReply(id));
    await opening;
  }
  await over(server, storage);
});

Deno.test("ProxyStorage tells the far side's own status and words", async () => {
  const { server, storage } = await scripted();
  const told: readonly (readonly [number, string, string])[] = [
    [StatusCode.NO_SUCH_FILE, "not-found", "gone for good"],
    [StatusCode.PERMISSION_DENIED, "denied", "quota of alice"],
    [StatusCode.BAD_MESSAGE, "invalid", "what is this"],
    [StatusCode.OP_UNSUPPORTED, "unsupported", "never"],
    [StatusCode.FAILURE, "failure", "disk full"],
    [11, "failure", "a status of version 6"],
  ];
  for (const [code, kind, text] of told) {
    const asked = assertRejects(() => storage.stat("/f"), StorageError);
    await server.send(status((await server.next()).id, code, text));
    const error = await asked;
    assertEquals([error.code, error.status, error.text], [kind, code, text]);
  }
  const silent = assertRejects(() => storage.stat("/f"), StorageError);
  await server.send(status((await server.next()).id, StatusCode.FAILURE));
  assertEquals((await silent).text, undefined);
  await over(server, storage);
});

Deno.test("ProxyStorage never asks for more at once than the far side gives", async () => {
  const { server, storage } = await scripted([["limits@openssh.com", "1"]]);
  const file = await opened(server, storage);
  const reading = file.read(new Uint8Array(2500), 100);
  const asked: number[][] = [];
  for (let index = 0; index < 3; index++) {
    const { id, body } = await server.next();
    assertEquals(body.bytes(), HANDLE);
    const [offset, length] = [body.u64(), body.u32()];
    asked.push([offset, length]);
    await server.send(data(id, new Uint8Array(length)));
  }
  assertEquals(asked, [[100, 1000], [1100, 1000], [2100, 500]]);
  assertEquals(await reading, 2500);
  const writing = file.write(new Uint8Array(1500), 5);
  const written: number[][] = [];
  for (let index = 0; index < 3; index++) {
    const { id, body } = await server.next();
    body.bytes();
    written.push([body.u64(), body.bytes().length]);
    await server.sendOk(id);
  }
  await writing;
  assertEquals(written, [[5, 700], [705, 700], [1405, 100]]);
  await over(server, storage);
});

Deno.test("ProxyStorage makes one READ one READ, and tells its count", async () => {
  const { server, storage } = await scripted();
  const file = await opened(server, storage);
  const into = new Uint8Array(100);
  const reading = file.read(into, 2 ** 40);
  const { id, body } = await server.next();
  body.bytes();
  assertEquals([body.u64(), body.u32()], [2 ** 40, 100]);
  await server.send(data(id, new Uint8Array([1, 2, 3])));
  assertEquals([await reading, into[2]], [3, 3]);
  await over(server, storage);
});

Deno.test("ProxyStorage has many requests on their way at once", async () => {
  const { server, storage } = await scripted();
  const file = await opened(server, storage);
  const reads = Array.from({ length: 50 }, (_, index) => file.read(new Uint8Array(10), index));
  const ids: number[] = [];
  for (let index = 0; index < 50; index++) ids.push((await server.next()).id);
  for (const id of ids.toReversed()) await server.send(data(id, new Uint8Array([id])));
  assertEquals(await Promise.all(reads), Array(50).fill(1));
  await over(server, storage);
});

Deno.test("ProxyStorage offers the extensions of the far side and no others", async () => {
  const { server, storage } = await scripted([
    ["posix-rename@openssh.com", "1"],
    ["fsync@openssh.com", "1"],
    ["unheard-of@example.org", "1"],
  ]);
  assertEquals(Object.keys(storage.extensions).sort(), ["fsync", "posixRename"]);
  await over(server, storage);
});

Deno.test("ProxyStorage takes the umask off the modes that are asked for, and those that are not", async () => {
  const server = new ScriptedServer();
  const opening = SftpClient.connect(server.channel);
  await server.greet();
  const storage = await ProxyStorage.open(await opening, { umask: 0o027 });
  const asked = async (action: Promise<unknown>, skip: number) => {
    const { id, body } = await server.next();
    body.name();
    for (let index = 0; index < skip; index++) body.u32();
    const [flags, mode] = [body.u32(), body.u32()];
    await server.send(skip === 1 ? handleReply(id) : status(id, StatusCode.OK));
    await action;
    return [flags, mode];
  };
  const create = how("write", "create");
  assertEquals(await asked(storage.open("/f", create), 1), [0x4, 0o640]);
  const wide = { ...create, attrs: { permissions: 0o777 } };
  assertEquals(await asked(storage.open("/f", wide), 1), [0x4, 0o750]);
  assertEquals(await asked(storage.mkdir("/d", {}), 0), [0x4, 0o750]);
  assertEquals(await asked(storage.mkdir("/d", { permissions: 0o1777 }), 0), [0x4, 0o1750]);
  await over(server, storage);
});

/** A far side whose `/root` is the root. */
async function rooted(): Promise<{ server: ScriptedServer; storage: ProxyStorage }> {
  const server = new ScriptedServer();
  const opening = SftpClient.connect(server.channel);
  await server.greet();
  const rooting = ProxyStorage.open(await opening, { root: "/root" });
  const { id } = await server.next();
  await server.send(packets((writer) => {
    writeNames(writer, id, [{ name: "/root", longname: "", attrs: {} }]);
  }));
  await tellAttrs(server, 0o040755);
  return { server, storage: await rooting };
}

/** Answers the next request, which asks for attributes, and returns the path. */
async function tellAttrs(server: ScriptedServer, permissions: number): Promise<string> {
  const { id, body } = await server.next();
  await server.send(packets((writer) => writeAttrsReply(writer, id, { permissions })));
  return body.name();
}

Deno.test("ProxyStorage changes nothing in a root by the name of a link with a slash behind it", async () => {
  const { server, storage } = await rooted();
  const changes = [
    () => storage.mkdir("/link/", {}),
    () => storage.rmdir("/link/"),
    () => storage.remove("/link/"),
    () => storage.symlink("text", "/link/"),
  ];
  for (const change of changes) {
    const changing = assertRejects(change, StorageError, "not a directory");
    assertEquals(await tellAttrs(server, 0o120777), "/root/link");
    await changing;
  }
  const renaming = assertRejects(() => storage.rename("/link/", "/directory/"), StorageError);
  assertEquals(await tellAttrs(server, 0o120777), "/root/link");
  assertEquals(await tellAttrs(server, 0o040755), "/root/directory");
  await renaming;
  await over(server, storage);
});

Deno.test("ProxyStorage fails with the connection's name when the connection is lost", async () => {
  const { server, storage } = await scripted();
  const file = await opened(server, storage);
  const actions = [
    file.read(new Uint8Array(10), 0),
    file.write(new Uint8Array(10), 0),
    storage.stat("/f"),
    storage.mkdir("/d", {}),
  ];
  const settled = Promise.allSettled(actions);
  await server.break(new Error("the cable is cut"));
  for (const outcome of await settled) {
    assert(outcome.status === "rejected" && outcome.reason instanceof StorageError);
    assertEquals(outcome.reason.code, "failure");
    assertEquals(outcome.reason.message, "connection to a@b:22 lost");
  }
  assert((await storage.lost).includes("the cable is cut"));
  await assertRejects(() => storage.stat("/f"), StorageError, "connection to a@b:22 lost");
  await file.close(true); // what the far side has closed by itself
  await assertRejects(() => file.close(false), StorageError);
  await storage.close();
});
