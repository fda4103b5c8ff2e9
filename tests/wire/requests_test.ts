import { assertEquals } from "@std/assert";
import { PacketType } from "../../lib/wire/constants.ts";
import { Reader } from "../../lib/wire/reader.ts";
import * as requests from "../../lib/wire/requests.ts";
import type { Writer } from "../../lib/wire/writer.ts";
import { attrs } from "../support/attrs.ts";
import { ID, testGolden } from "../support/golden.ts";
import { hex } from "../support/hex.ts";

const HANDLE = hex("00000007");

testGolden({
  name: "INIT",
  packet: hex(`
    00000005    # length
    01          # INIT
    00000003    # version
  `),
  header: 5,
  value: 3,
  read: (reader) => reader.u32(),
  write: requests.writeInit,
});

testGolden({
  name: "OPEN",
  packet: hex(`
    00000035    # length
    03          # OPEN
    01020304    # id
    00000008 "/caf" c3a9 "s."    # path
    0000001a    # WRITE, CREAT, TRUNC
    0000000f    # SIZE, UIDGID, PERMISSIONS, ACMODTIME
    0000000100000002    # size
    000003e8    # uid
    000003e9    # gid
    000081a4    # permissions 0100644
    5f5e1001    # atime
    eb0df5aa    # mtime, after 2038
  `),
  value: {
    path: "/cafés.",
    pflags: 0x1a,
    attrs: attrs({
      size: 0x1_0000_0002,
      uid: 1000,
      gid: 1001,
      permissions: 0o100644,
      atime: 0x5f5e1001,
      mtime: 0xeb0df5aa,
    }),
  },
  read: requests.readOpen,
  write: request(PacketType.OPEN, requests.writeOpen),
  forgiving: true,
});

testGolden({
  name: "OPEN without attributes, of a name that is not UTF-8",
  packet: hex(`
    00000014    # length
    03          # OPEN
    01020304    # id
    00000003 "/" ff fe    # path
    00000001    # READ
    00000000    # no attributes
  `),
  value: { path: "/\udcff\udcfe", pflags: 1, attrs: attrs() },
  read: requests.readOpen,
  write: request(PacketType.OPEN, requests.writeOpen),
  forgiving: true,
});

testGolden({
  name: "CLOSE",
  packet: hex(`
    0000000d    # length
    04          # CLOSE
    01020304    # id
    00000004 00000007    # handle
  `),
  value: { handle: HANDLE },
  read: requests.readHandle,
  write: request(PacketType.CLOSE, requests.writeHandle),
});

testGolden({
  name: "READ",
  packet: hex(`
    00000019    # length
    05          # READ
    01020304    # id
    00000004 00000007    # handle
    0000000200008000    # offset
    0003fc00    # bytes asked for
  `),
  value: { handle: HANDLE, offset: 0x2_0000_8000, length: 261120 },
  read: requests.readRead,
  write: request(PacketType.READ, requests.writeRead),
});

testGolden({
  name: "WRITE",
  packet: hex(`
    0000001e    # length
    06          # WRITE
    01020304    # id
    00000004 00000007    # handle
    0000000000008000    # offset
    00000005 00ff0a0d80    # data
  `),
  value: { handle: HANDLE, offset: 0x8000, data: hex("00ff0a0d80") },
  read: requests.readWrite,
  write: request(PacketType.WRITE, requests.writeWrite),
});

testGolden({
  name: "WRITE of no bytes at the last safe offset",
  packet: hex(`
    00000019    # length
    06          # WRITE
    01020304    # id
    00000004 00000007    # handle
    001fffffffffffff    # offset
    00000000    # data
  `),
  value: { handle: HANDLE, offset: Number.MAX_SAFE_INTEGER, data: hex("") },
  read: requests.readWrite,
  write: request(PacketType.WRITE, requests.writeWrite),
});

testGolden({
  name: "FSTAT",
  packet: hex(`
    0000000d    # length
    08          # FSTAT
    01020304    # id
    00000004 00000007    # handle
  `),
  value: { handle: HANDLE },
  read: requests.readHandle,
  write: request(PacketType.FSTAT, requests.writeHandle),
});

testGolden({
  name: "READDIR with an empty handle",
  packet: hex(`
    00000009    # length
    0c          # READDIR
    01020304    # id
    00000000    # handle
  `),
  value: { handle: hex("") },
  read: requests.readHandle,
  write: request(PacketType.READDIR, requests.writeHandle),
});

testGolden({
  name: "SETSTAT",
  packet: hex(`
    00000017    # length
    09          # SETSTAT
    01020304    # id
    00000002 "/a"    # path
    00000001    # SIZE
    0000000000000400    # size
  `),
  value: { path: "/a", attrs: attrs({ size: 1024 }) },
  read: requests.readPathAttrs,
  write: request(PacketType.SETSTAT, requests.writePathAttrs),
  forgiving: true,
});

testGolden({
  name: "MKDIR",
  packet: hex(`
    00000014    # length
    0e          # MKDIR
    01020304    # id
    00000003 "dir"    # path
    00000004    # PERMISSIONS
    000001ed    # permissions 0755
  `),
  value: { path: "dir", attrs: attrs({ permissions: 0o755 }) },
  read: requests.readPathAttrs,
  write: request(PacketType.MKDIR, requests.writePathAttrs),
  forgiving: true,
});

testGolden({
  name: "FSETSTAT",
  packet: hex(`
    00000019    # length
    0a          # FSETSTAT
    01020304    # id
    00000004 00000007    # handle
    00000008    # ACMODTIME
    00000000    # atime
    ffffffff    # mtime
  `),
  value: { handle: HANDLE, attrs: attrs({ atime: 0, mtime: 0xffffffff }) },
  read: requests.readHandleAttrs,
  write: request(PacketType.FSETSTAT, requests.writeHandleAttrs),
  forgiving: true,
});

const PATH_REQUESTS = [
  ["LSTAT", PacketType.LSTAT, "07"],
  ["OPENDIR", PacketType.OPENDIR, "0b"],
  ["REMOVE", PacketType.REMOVE, "0d"],
  ["RMDIR", PacketType.RMDIR, "0f"],
  ["REALPATH", PacketType.REALPATH, "10"],
  ["STAT", PacketType.STAT, "11"],
  ["READLINK", PacketType.READLINK, "13"],
] as const;

for (const [name, type, digits] of PATH_REQUESTS) {
  testGolden({
    name,
    packet: hex(`
      0000000d    # length
      ${digits}    # type
      01020304    # id
      00000004 "/a b"    # path
    `),
    value: { path: "/a b" },
    read: requests.readPath,
    write: request(type, requests.writePath),
  });
}

testGolden({
  name: "RENAME",
  packet: hex(`
    00000013    # length
    12          # RENAME
    01020304    # id
    00000003 "old"    # from
    00000003 "new"    # to
  `),
  value: { from: "old", to: "new" },
  read: requests.readTwoPaths,
  write: request(PacketType.RENAME, requests.writeTwoPaths),
});

testGolden({
  name: "SYMLINK, in OpenSSH's order",
  packet: hex(`
    00000018    # length
    14          # SYMLINK
    01020304    # id
    00000006 "target"    # what the link says
    00000005 "/link"     # the link
  `),
  value: { target: "target", link: "/link" },
  read: requests.readSymlink,
  write: request(PacketType.SYMLINK, requests.writeSymlink),
});

Deno.test("a request's reader leaves what comes behind the fields that it knows", () => {
  const reader = new Reader(hex('00000002 "/a" 00000001 00000000 0badcafe'));
  assertEquals(requests.readOpen(reader), { path: "/a", pflags: 1, attrs: attrs() });
  assertEquals(reader.remaining, 4);
});

Deno.test("readWrite() gives a view of the packet and no copy", () => {
  const packet = hex('00000001 "h" 0000000000000000 00000003 "abc"');
  const { data } = requests.readWrite(new Reader(packet));
  packet.fill(0x7a);
  assertEquals(data, hex('"zzz"'));
});

function request<T>(type: number, write: (writer: Writer, value: T) => void) {
  return (writer: Writer, value: T): void => {
    requests.beginRequest(writer, type, ID);
    write(writer, value);
    writer.end();
  };
}
