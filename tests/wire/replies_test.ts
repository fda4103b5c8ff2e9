import { assertEquals } from "@std/assert";
import { readAttrs } from "../../lib/wire/attributes.ts";
import { StatusCode } from "../../lib/wire/constants.ts";
import * as replies from "../../lib/wire/replies.ts";
import { Writer } from "../../lib/wire/writer.ts";
import { attrs } from "../support/attrs.ts";
import { ID, testGolden } from "../support/golden.ts";
import { hex, toHex } from "../support/hex.ts";

testGolden({
  name: "VERSION",
  packet: hex(`
    00000037    # length
    02          # VERSION
    00000003    # version
    00000018 "posix-rename@openssh.com"    # extension
    00000001 "1"    # its version
    00000009 "copy-data"    # extension
    00000000    # its version
  `),
  header: 5,
  value: { version: 3, extensions: [["posix-rename@openssh.com", "1"], ["copy-data", ""]] },
  read: replies.readVersion,
  write: replies.writeVersion,
  // Behind the version, and behind the first pair.
  wholeAt: [9, 42],
});

testGolden({
  name: "STATUS",
  packet: hex(`
    0000001d    # length
    65          # STATUS
    01020304    # id
    00000002    # NO_SUCH_FILE
    0000000c "No such file"    # text
    00000000    # language tag
  `),
  value: { code: StatusCode.NO_SUCH_FILE, message: "No such file" },
  read: replies.readStatus,
  write: (writer, value) => replies.writeStatus(writer, ID, value),
  // The language tag is not read, and the first versions had no text either.
  leftOver: 4,
  wholeAt: [13, 29, 30, 31, 32],
  forgiving: true,
});

testGolden({
  name: "HANDLE",
  packet: hex(`
    0000000d    # length
    66          # HANDLE
    01020304    # id
    00000004 00000007    # handle
  `),
  value: hex("00000007"),
  read: (reader) => reader.bytes(),
  write: (writer, value) => replies.writeHandleReply(writer, ID, value),
});

testGolden({
  name: "DATA",
  packet: hex(`
    0000000e    # length
    67          # DATA
    01020304    # id
    00000005 00ff0a0d80    # data
  `),
  value: hex("00ff0a0d80"),
  read: (reader) => reader.bytes(),
  write: (writer, value) => replies.writeData(writer, ID, value),
});

testGolden({
  name: "NAME",
  packet: hex(`
    00000049    # length
    68          # NAME
    01020304    # id
    00000002    # entries
    00000001 "a"    # name
    00000007 "-rw- a\\"    # longname
    00000005    # SIZE, PERMISSIONS
    0000000000000007    # size
    000081a4    # permissions
    00000002 c3a9    # name
    00000002 "d!"    # longname
    0000000a    # UIDGID, ACMODTIME
    00000001    # uid
    00000002    # gid
    00000003    # atime
    00000004    # mtime
  `),
  value: [
    { name: "a", longname: "-rw- a\\", attrs: attrs({ size: 7, permissions: 0o100644 }) },
    { name: "é", longname: "d!", attrs: attrs({ uid: 1, gid: 2, atime: 3, mtime: 4 }) },
  ],
  read: replies.readNames,
  write: (writer, value) => void replies.writeNames(writer, ID, value),
  forgiving: true,
});

testGolden({
  name: "NAME with one entry and no attributes, as REALPATH's",
  packet: hex(`
    00000019    # length
    68          # NAME
    01020304    # id
    00000001    # entries
    00000002 "/a"    # name
    00000002 "/a"    # longname
    00000000    # no attributes
  `),
  value: [{ name: "/a", longname: "/a", attrs: attrs() }],
  read: replies.readNames,
  write: (writer, value) => void replies.writeNames(writer, ID, value),
  forgiving: true,
});

testGolden({
  name: "ATTRS",
  packet: hex(`
    00000015    # length
    69          # ATTRS
    01020304    # id
    00000005    # SIZE, PERMISSIONS
    0000010000000000    # size, 1 TiB
    000041ed    # permissions 040755
  `),
  value: attrs({ size: 2 ** 40, permissions: 0o40755 }),
  read: readAttrs,
  write: (writer, value) => replies.writeAttrsReply(writer, ID, value),
  forgiving: true,
});

testGolden({
  name: "EXTENDED_REPLY",
  packet: hex(`
    0000000b    # length
    c9          # EXTENDED_REPLY
    01020304    # id
    00000002 "ok"    # what the extension says
  `),
  value: "ok",
  read: (reader) => reader.name(),
  write: (writer, value) =>
    replies.writeExtendedReply(writer, ID, {
      value,
      write: (writer, text) => writer.name(text),
    }),
});

Deno.test("writeData() leaves bytes where they are when they were read into its window", () => {
  const writer = new Writer(64);
  const window = writer.window(replies.DATA_HEADER_LENGTH, 8);
  window.set(hex("a1a2a3"));
  replies.writeData(writer, ID, window.subarray(0, 3));
  assertEquals(toHex(writer.written), "0000000c 67 01020304 00000003 a1a2a3".replaceAll(" ", ""));
});

Deno.test("writeData() copies bytes that stand elsewhere, in the writer or not", () => {
  for (const skip of [0, 1, 100]) {
    const writer = new Writer(256);
    const data = writer.window(replies.DATA_HEADER_LENGTH + skip, 3);
    data.set(hex("a1a2a3"));
    replies.writeData(writer, ID, skip === 100 ? hex("a1a2a3") : data);
    assertEquals(toHex(writer.written.subarray(13)), "a1a2a3", `${skip} bytes behind its place`);
  }
});

Deno.test("writeNames() of no entries is an empty list", () => {
  const writer = new Writer();
  replies.writeNames(writer, ID, []);
  assertEquals(toHex(writer.written), "00000009" + "68" + "01020304" + "00000000");
});

Deno.test("replies stand one behind the other in a writer", () => {
  const writer = new Writer(1);
  replies.writeHandleReply(writer, 1, hex("07"));
  replies.writeStatus(writer, 2, { code: StatusCode.OK, message: "" });
  assertEquals(
    toHex(writer.written),
    "0000000a 66 00000001 00000001 07".replaceAll(" ", "") +
      "00000011 65 00000002 00000000 00000000 00000000".replaceAll(" ", ""),
  );
});
