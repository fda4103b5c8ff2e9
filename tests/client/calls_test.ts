import { assertEquals, assertRejects } from "@std/assert";
import * as calls from "../../lib/client/calls.ts";
import { ProtocolError, SftpStatusError } from "../../lib/client/errors.ts";
import { PacketType, StatusCode } from "../../lib/wire/constants.ts";
import { hex, ScriptedServer, status } from "./scripted_server.ts";

/** What is asked, the packet that must come of it, a reply, and what must come of that. */
interface Golden {
  readonly name: string;
  readonly ask: (connection: Connection) => Promise<unknown>;
  readonly packet: readonly string[];
  readonly reply: readonly string[];
  readonly answer: unknown;
}

/** How much of a reply must be there: a status may lack its text, and hashes may be none. */
function leastLength(reply: Uint8Array, name: string): number {
  if (reply[4] === PacketType.STATUS) return 9;
  if (name.startsWith("REALPATH")) return 16;
  if (name.startsWith("check-file")) return reply.length - 6;
  return reply.length - 4;
}

type Connection = Awaited<ReturnType<typeof ScriptedServer.connected>>["connection"];

const OK = ["00000011 65 00000000 00000000 00000000 00000000"];
const HANDLE = hex("0102");
const NO_ATTRS = {
  size: undefined,
  uid: undefined,
  gid: undefined,
  permissions: undefined,
  atime: undefined,
  mtime: undefined,
  extended: undefined,
};

/** "ab" and a byte that is not UTF-8. */
const NAME = "ab\udcff";

function asText(text: string): string {
  return new TextEncoder().encode(text).toHex();
}

const GOLDEN: readonly Golden[] = [
  {
    name: "OPEN",
    ask: (to) =>
      to.request(calls.OPEN, { path: NAME, pflags: 0x1a, attrs: { permissions: 0o640 } }),
    packet: ["03 00000000", "00000003 6162ff", "0000001a", "00000004 000001a0"],
    reply: ["0000000b 66 00000000", "00000002 0102"],
    answer: HANDLE,
  },
  {
    name: "CLOSE",
    ask: (to) => to.request(calls.CLOSE, { handle: HANDLE }),
    packet: ["04 00000000", "00000002 0102"],
    reply: OK,
    answer: undefined,
  },
  {
    name: "LSTAT",
    ask: (to) => to.request(calls.LSTAT, { path: NAME }),
    packet: ["07 00000000", "00000003 6162ff"],
    reply: ["00000011 69 00000000", "00000001 0000000100000002"],
    answer: { ...NO_ATTRS, size: 2 ** 32 + 2 },
  },
  {
    name: "FSETSTAT",
    ask: (to) => to.request(calls.FSETSTAT, { handle: HANDLE, attrs: { atime: 1, mtime: 2 } }),
    packet: ["0a 00000000", "00000002 0102", "00000008 00000001 00000002"],
    reply: OK,
    answer: undefined,
  },
  {
    name: "READDIR",
    ask: (to) => to.request(calls.READDIR, { handle: HANDLE }),
    packet: ["0c 00000000", "00000002 0102"],
    reply: [
      "0000002b 68 00000000",
      "00000002",
      "00000003 6162ff  00000001 6c  00000000",
      "00000001 63  00000001 6d  00000004 000001a4",
    ],
    answer: [
      { name: NAME, longname: "l", attrs: NO_ATTRS },
      { name: "c", longname: "m", attrs: { ...NO_ATTRS, permissions: 0o644 } },
    ],
  },
  {
    name: "READDIR at the end",
    ask: (to) => to.request(calls.READDIR, { handle: HANDLE }),
    packet: ["0c 00000000", "00000002 0102"],
    reply: ["00000011 65 00000000 00000001 00000000 00000000"],
    answer: [],
  },
  {
    name: "REALPATH",
    ask: (to) => to.request(calls.REALPATH, { path: "." }),
    packet: ["10 00000000", "00000001 2e"],
    reply: ["00000018 68 00000000", "00000001", "00000003 2fffab  00000000 00000000"],
    answer: "/\udcff\udcab",
  },
  {
    name: "RENAME",
    ask: (to) => to.request(calls.RENAME, { from: "a", to: "b" }),
    packet: ["12 00000000", "00000001 61", "00000001 62"],
    reply: OK,
    answer: undefined,
  },
  {
    name: "SYMLINK, the target first, as OpenSSH has it",
    ask: (to) => to.request(calls.SYMLINK, { target: "t", link: "l" }),
    packet: ["14 00000000", "00000001 74", "00000001 6c"],
    reply: OK,
    answer: undefined,
  },
  {
    name: "limits@openssh.com",
    ask: (to) => to.request(calls.LIMITS, undefined),
    packet: ["c8 00000000", "00000012", asText("limits@openssh.com")],
    reply: [
      "00000025 c9 00000000",
      "0000000000040000",
      "000000000003fc00",
      "000000000003fc01",
      "0000000000000000",
    ],
    answer: {
      maxPacketLength: 262144,
      maxReadLength: 261120,
      maxWriteLength: 261121,
      maxOpenHandles: 0,
    },
  },
  {
    name: "copy-data",
    ask: (to) =>
      to.request(calls.COPY_DATA, {
        source: HANDLE,
        sourceOffset: 1,
        length: 2,
        target: hex("03"),
        targetOffset: 4,
      }),
    packet: [
      "c8 00000000",
      "00000009",
      asText("copy-data"),
      "00000002 0102",
      "0000000000000001 0000000000000002",
      "00000001 03",
      "0000000000000004",
    ],
    reply: OK,
    answer: undefined,
  },
  {
    name: "users-groups-by-id@openssh.com",
    ask: (to) => to.request(calls.USERS_GROUPS_BY_ID, { uids: [0, 1], gids: [5] }),
    packet: [
      "c8 00000000",
      "0000001e",
      asText("users-groups-by-id@openssh.com"),
      "00000008 00000000 00000001",
      "00000004 00000005",
    ],
    reply: ["0000001e c9 00000000", "0000000c 00000004 726f6f74 00000000", "00000005 00000001 74"],
    answer: { users: ["root", ""], groups: ["t"] },
  },
  {
    name: "check-file-name",
    ask: (to) =>
      to.request(calls.CHECK_FILE_NAME, {
        path: "a",
        algorithms: ["sha256", "md5"],
        offset: 1,
        length: 2,
        blockSize: 256,
      }),
    packet: [
      "c8 00000000",
      "0000000f",
      asText("check-file-name"),
      "00000001 61",
      "0000000a",
      asText("sha256,md5"),
      "0000000000000001 0000000000000002",
      "00000100",
    ],
    reply: ["0000000e c9 00000000", "00000003 6d6435", "0a0b"],
    answer: { algorithm: "md5", hashes: hex("0a0b") },
  },
  {
    name: "check-file-handle, answered with the request's name in front",
    ask: (to) =>
      to.request(calls.CHECK_FILE_HANDLE, {
        handle: HANDLE,
        algorithms: ["md5"],
        offset: 0,
        length: 0,
        blockSize: 0,
      }),
    packet: [
      "c8 00000000",
      "00000011",
      asText("check-file-handle"),
      "00000002 0102",
      "00000003 6d6435",
      "0000000000000000 0000000000000000",
      "00000000",
    ],
    reply: [
      "0000001c c9 00000000",
      "0000000a",
      asText("check-file"),
      "00000003 6d6435",
      "0a0b",
    ],
    answer: { algorithm: "md5", hashes: hex("0a0b") },
  },
];

for (const { name, ask, packet, reply, answer } of GOLDEN) {
  Deno.test(`Connection.request() writes and reads ${name}`, async () => {
    const { server, connection } = await ScriptedServer.connected();
    const answering = ask(connection);
    assertEquals((await server.nextBytes()).toHex(), hex(...packet).toHex());
    await server.send(hex(...reply));
    assertEquals(await answering, answer);
  });

  Deno.test(`Connection.request() refuses each cut of the reply to ${name}`, async () => {
    const whole = hex(...reply);
    for (let length = 1; length < leastLength(whole, name); length++) {
      const { server, connection } = await ScriptedServer.connected();
      const answering = ask(connection);
      const refused = assertRejects(() => answering, ProtocolError);
      await server.nextBytes();
      const cut = whole.slice(0, 4 + length);
      cut[2] = length >> 8;
      cut[3] = length;
      await server.send(cut);
      await refused;
    }
  });
}

Deno.test("Connection.request() refuses a REALPATH reply of no name or of two", async () => {
  for (const count of ["00000000", "00000002"]) {
    const { server, connection } = await ScriptedServer.connected();
    const answering = connection.request(calls.REALPATH, { path: "." });
    const refused = assertRejects(() => answering, ProtocolError, "where one was asked for");
    await server.nextBytes();
    const one = "00000001 61  00000000 00000000";
    await server.send(hex("00000023 68 00000000", count, one, one));
    await refused;
  }
});

Deno.test("Connection.request() fails with EOF where that is no answer, as for copy-data", async () => {
  const { server, connection } = await ScriptedServer.connected();
  const answering = connection.request(calls.COPY_DATA, {
    source: HANDLE,
    sourceOffset: 0,
    length: 0,
    target: HANDLE,
    targetOffset: 0,
  });
  const refused = assertRejects(() => answering, SftpStatusError, "copy-data: End of file");
  await server.send(status((await server.next()).id, StatusCode.EOF));
  assertEquals((await refused).code, StatusCode.EOF);
});
