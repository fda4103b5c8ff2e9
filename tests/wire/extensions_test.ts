import { assertEquals, assertThrows } from "@std/assert";
import { PacketType } from "../../lib/wire/constants.ts";
import { ProtocolError } from "../../lib/wire/errors.ts";
import * as extensions from "../../lib/wire/extensions.ts";
import { Extension } from "../../lib/wire/extensions.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { writeExtendedReply } from "../../lib/wire/replies.ts";
import * as requests from "../../lib/wire/requests.ts";
import { Writer } from "../../lib/wire/writer.ts";
import { attrs } from "../support/attrs.ts";
import { ID, testGolden } from "../support/golden.ts";
import { hex, toHex } from "../support/hex.ts";

testGolden({
  name: "posix-rename@openssh.com",
  packet: hex(`
    0000002d    # length
    c8          # EXTENDED
    01020304    # id
    00000018 "posix-rename@openssh.com"
    00000002 "/a"    # from
    00000002 "/b"    # to
  `),
  ...named(Extension.POSIX_RENAME, requests.readTwoPaths, requests.writeTwoPaths),
  value: { from: "/a", to: "/b" },
});

testGolden({
  name: "hardlink@openssh.com",
  packet: hex(`
    00000029    # length
    c8          # EXTENDED
    01020304    # id
    00000014 "hardlink@openssh.com"
    00000002 "/a"    # the file
    00000002 "/b"    # its new name
  `),
  ...named(Extension.HARDLINK, requests.readTwoPaths, requests.writeTwoPaths),
  value: { from: "/a", to: "/b" },
});

testGolden({
  name: "statvfs@openssh.com",
  packet: hex(`
    00000022    # length
    c8          # EXTENDED
    01020304    # id
    00000013 "statvfs@openssh.com"
    00000002 "/a"    # path
  `),
  ...named(Extension.STATVFS, requests.readPath, requests.writePath),
  value: { path: "/a" },
});

testGolden({
  name: "fstatvfs@openssh.com",
  packet: hex(`
    00000025    # length
    c8          # EXTENDED
    01020304    # id
    00000014 "fstatvfs@openssh.com"
    00000004 00000007    # handle
  `),
  ...named(Extension.FSTATVFS, requests.readHandle, requests.writeHandle),
  value: { handle: hex("00000007") },
});

testGolden({
  name: "fsync@openssh.com",
  packet: hex(`
    00000022    # length
    c8          # EXTENDED
    01020304    # id
    00000011 "fsync@openssh.com"
    00000004 00000007    # handle
  `),
  ...named(Extension.FSYNC, requests.readHandle, requests.writeHandle),
  value: { handle: hex("00000007") },
});

testGolden({
  name: "lsetstat@openssh.com",
  packet: hex(`
    0000002f    # length
    c8          # EXTENDED
    01020304    # id
    00000014 "lsetstat@openssh.com"
    00000002 "/a"    # path
    00000008    # ACMODTIME
    00000001    # atime
    00000002    # mtime
  `),
  ...named(Extension.LSETSTAT, requests.readPathAttrs, requests.writePathAttrs),
  value: { path: "/a", attrs: attrs({ atime: 1, mtime: 2 }) },
  forgiving: true,
});

testGolden({
  name: "limits@openssh.com",
  packet: hex(`
    0000001b    # length
    c8          # EXTENDED
    01020304    # id
    00000012 "limits@openssh.com"
  `),
  ...named(Extension.LIMITS, () => undefined, () => {}),
  value: undefined,
});

testGolden({
  name: "expand-path@openssh.com",
  packet: hex(`
    00000027    # length
    c8          # EXTENDED
    01020304    # id
    00000017 "expand-path@openssh.com"
    00000003 "~/a"    # path
  `),
  ...named(Extension.EXPAND_PATH, requests.readPath, requests.writePath),
  value: { path: "~/a" },
});

testGolden({
  name: "home-directory",
  packet: hex(`
    0000001e    # length
    c8          # EXTENDED
    01020304    # id
    0000000e "home-directory"
    00000003 "ada"    # user
  `),
  ...named(Extension.HOME_DIRECTORY, requests.readPath, requests.writePath),
  value: { path: "ada" },
});

testGolden({
  name: "copy-data",
  packet: hex(`
    0000003a    # length
    c8          # EXTENDED
    01020304    # id
    00000009 "copy-data"
    00000004 00000001    # handle to read
    0000000100000000    # from
    0000000000000000    # length, to the end
    00000004 00000002    # handle to write
    0000000000000010    # to
  `),
  ...named(Extension.COPY_DATA, extensions.readCopyData, extensions.writeCopyData),
  value: {
    source: hex("00000001"),
    sourceOffset: 2 ** 32,
    length: 0,
    target: hex("00000002"),
    targetOffset: 16,
  },
});

testGolden({
  name: "users-groups-by-id@openssh.com",
  packet: hex(`
    0000003b    # length
    c8          # EXTENDED
    01020304    # id
    0000001e "users-groups-by-id@openssh.com"
    00000008 00000000 fffffffe    # users
    00000004 000003e8    # groups
  `),
  ...named(Extension.USERS_GROUPS_BY_ID, extensions.readIds, extensions.writeIds),
  value: { uids: [0, 0xfffffffe], gids: [1000] },
});

testGolden({
  name: "check-file-handle",
  packet: hex(`
    0000004a    # length
    c8          # EXTENDED
    01020304    # id
    00000011 "check-file-handle"
    00000004 00000007    # handle
    00000010 "sha256,sha1,md5!"    # algorithms
    0000000000000000    # offset
    0000000000000400    # length
    00000100    # block size
  `),
  ...named(Extension.CHECK_FILE_HANDLE, extensions.readCheckFileHandle, (writer, value) => {
    writer.bytes(value.handle);
    extensions.writeCheckFileRange(writer, value);
  }),
  value: {
    handle: hex("00000007"),
    algorithms: ["sha256", "sha1", "md5!"],
    offset: 0,
    length: 1024,
    blockSize: 256,
  },
});

testGolden({
  name: "check-file-name",
  packet: hex(`
    00000039    # length
    c8          # EXTENDED
    01020304    # id
    0000000f "check-file-name"
    00000002 "/a"    # path
    00000003 "md5"    # algorithms
    0000000000000001    # offset
    0000000000000000    # length, to the end
    00000000    # block size, all in one
  `),
  ...named(Extension.CHECK_FILE_NAME, extensions.readCheckFileName, (writer, value) => {
    writer.name(value.path);
    extensions.writeCheckFileRange(writer, value);
  }),
  value: { path: "/a", algorithms: ["md5"], offset: 1, length: 0, blockSize: 0 },
});

testGolden({
  name: "the reply to statvfs@openssh.com",
  packet: hex(`
    0000005d    # length
    c9          # EXTENDED_REPLY
    01020304    # id
    0000000000001000    # bsize
    0000000000000200    # frsize
    ffffffffffffffff    # blocks
    8000000000000001    # bfree
    0020000000000001    # bavail, behind 2^53
    0000000000000005    # files
    0000000000000006    # ffree
    0000000000000007    # favail
    0123456789abcdef    # fsid
    0000000000000003    # flag
    00000000000000ff    # namemax
  `),
  ...reply(extensions.readStatVfs, extensions.writeStatVfs),
  value: {
    bsize: 4096n,
    frsize: 512n,
    blocks: 0xffffffffffffffffn,
    bfree: 0x8000000000000001n,
    bavail: 0x20000000000001n,
    files: 5n,
    ffree: 6n,
    favail: 7n,
    fsid: 0x0123456789abcdefn,
    flag: 3n,
    namemax: 255n,
  },
});

testGolden({
  name: "the reply to limits@openssh.com",
  packet: hex(`
    00000025    # length
    c9          # EXTENDED_REPLY
    01020304    # id
    0000000000040000    # packet
    000000000003fc00    # read
    000000000003fc00    # write
    00000000000003fb    # handles
  `),
  ...reply(extensions.readLimits, extensions.writeLimits),
  value: {
    maxPacketLength: 262144,
    maxReadLength: 261120,
    maxWriteLength: 261120,
    maxOpenHandles: 1019,
  },
});

testGolden({
  name: "the reply to users-groups-by-id@openssh.com",
  packet: hex(`
    00000020    # length
    c9          # EXTENDED_REPLY
    01020304    # id
    0000000b    # users
    00000003 "ada"
    00000000    # no name
    00000008    # groups
    00000004 "ops" ff
  `),
  ...reply(extensions.readNamesById, extensions.writeNamesById),
  value: { users: ["ada", ""], groups: ["ops\udcff"] },
});

testGolden({
  name: "the reply to check-file",
  packet: hex(`
    00000010    # length
    c9          # EXTENDED_REPLY
    01020304    # id
    00000003 "md5"    # algorithm
    a1a2a3a4    # hashes
  `),
  ...reply(extensions.readCheckFileReply, extensions.writeCheckFileReply),
  value: { algorithm: "md5", hashes: hex("a1a2a3a4") },
  wholeAt: [16, 17, 18, 19],
});

Deno.test("readIds() refuses a list that is no whole number of numbers", () => {
  const bytes = hex("00000006 00000000 0001 00000000");
  assertThrows(() => extensions.readIds(new Reader(bytes)), ProtocolError);
});

Deno.test("readNamesById() refuses a name that is longer than its list", () => {
  const bytes = hex('00000005 00000002 "a" 00000000 00000000');
  assertThrows(() => extensions.readNamesById(new Reader(bytes)), ProtocolError);
});

Deno.test("writeIds() and writeNamesById() write empty lists", () => {
  const writer = new Writer();
  extensions.writeIds(writer, { uids: [], gids: [] });
  extensions.writeNamesById(writer, { users: [], groups: [] });
  assertEquals(toHex(writer.written), "00".repeat(16));
  const reader = new Reader(writer.written);
  assertEquals(extensions.readIds(reader), { uids: [], gids: [] });
  assertEquals(extensions.readNamesById(reader), { users: [], groups: [] });
});

Deno.test("readCheckFileReply() keeps its hashes when the packet is gone", () => {
  const bytes = hex('00000003 "md5" a1a2');
  const { hashes } = extensions.readCheckFileReply(new Reader(bytes));
  bytes.fill(0);
  assertEquals(hashes, hex("a1a2"));
});

/** How an EXTENDED request is read and written: the fields behind its name. */
function named<T>(
  extension: string,
  read: (reader: Reader) => T,
  write: (writer: Writer, value: T) => void,
) {
  return {
    header: 9 + 4 + extension.length,
    read,
    write(writer: Writer, value: T): void {
      requests.beginRequest(writer, PacketType.EXTENDED, ID);
      writer.name(extension);
      write(writer, value);
      writer.end();
    },
  };
}

function reply<T>(read: (reader: Reader) => T, write: (writer: Writer, value: T) => void) {
  return {
    read,
    write: (writer: Writer, value: T) => writeExtendedReply(writer, ID, { value, write }),
  };
}
