import { assertEquals, assertThrows } from "@std/assert";
import type { FileAttrs } from "../../lib/attrs.ts";
import { readAttrs, writeAttrs } from "../../lib/wire/attributes.ts";
import { ProtocolError } from "../../lib/wire/errors.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { Writer } from "../../lib/wire/writer.ts";
import { attrs } from "../support/attrs.ts";
import { testGolden } from "../support/golden.ts";
import { hex, toHex } from "../support/hex.ts";

testGolden({
  name: "an attribute block with everything",
  packet: hex(`
    0000003f    # length
    8000000f    # SIZE, UIDGID, PERMISSIONS, ACMODTIME, EXTENDED
    0000000000000007    # size
    000003e8    # uid
    000003e9    # gid
    000081a4    # permissions
    00000001    # atime
    00000002    # mtime
    00000002    # extended pairs
    00000005 "acl@x" 00000003 00ff80    # name and bytes
    00000003 "nil" 00000000    # name and no bytes
  `),
  header: 4,
  value: attrs({
    size: 7,
    uid: 1000,
    gid: 1001,
    permissions: 0o100644,
    atime: 1,
    mtime: 2,
    extended: [["acl@x", hex("00ff80")], ["nil", hex("")]],
  }),
  read: readAttrs,
  write(writer, value) {
    const start = writer.position;
    writer.u32(0);
    writeAttrs(writer, value);
    writer.setU32(start, writer.position - start - 4);
  },
  forgiving: true,
});

/** Every combination of fields, by the flag of each. */
const FIELDS: readonly (readonly [flag: number, bytes: string, present: FileAttrs])[] = [
  [0x1, "0000000100000000", { size: 2 ** 32 }],
  [0x2, "0000000affffffff", { uid: 10, gid: 0xffffffff }],
  [0x4, "000041ed", { permissions: 0o40755 }],
  [0x8, "00000003fffffffe", { atime: 3, mtime: 0xfffffffe }],
  [0x80000000, "00000001000000016100000001ff", { extended: [["a", hex("ff")]] }],
];

Deno.test("attributes of every combination of fields go both ways", () => {
  for (let choice = 0; choice < 1 << FIELDS.length; choice++) {
    const chosen = FIELDS.filter((_, index) => choice & (1 << index));
    const flags = chosen.reduce((sum, [flag]) => sum + flag, 0);
    const bytes = hex(
      flags.toString(16).padStart(8, "0") + chosen.map(([, bytes]) => bytes).join(""),
    );
    const value = attrs(Object.assign({}, ...chosen.map(([, , present]) => present)));
    assertEquals(readAttrs(new Reader(bytes)), value);
    assertEquals(written(value), toHex(bytes));
  }
});

Deno.test("writeAttrs() leaves out a pair of which a half is missing", () => {
  for (const half of [{ uid: 1 }, { gid: 1 }, { atime: 1 }, { mtime: 1 }]) {
    assertEquals(written(half), "00000000");
  }
  assertEquals(written({ uid: 1, size: 2, mtime: 3 }), "00000001" + "0000000000000002");
});

Deno.test("writeAttrs() writes zeros that are known", () => {
  const zeros = { size: 0, uid: 0, gid: 0, permissions: 0, atime: 0, mtime: 0, extended: [] };
  assertEquals(written(zeros), "8000000f" + "00".repeat(32));
});

Deno.test("readAttrs() ignores flags that it does not know, as they bring no fields", () => {
  assertEquals(readAttrs(new Reader(hex("7ffffff4 000001ff"))), attrs({ permissions: 0o777 }));
});

Deno.test("readAttrs() keeps extended bytes when the packet is gone", () => {
  const bytes = hex('80000000 00000001 00000001 "a" 00000002 a1a2');
  const { extended } = readAttrs(new Reader(bytes));
  bytes.fill(0);
  assertEquals(extended, [["a", hex("a1a2")]]);
});

Deno.test("readAttrs() refuses more extended pairs than OpenSSH does, before it reads any", () => {
  const tooMany = assertThrows(
    () => readAttrs(new Reader(hex("80000000 00100001"))),
    ProtocolError,
  );
  assertEquals(tooMany.message, "too many extended attributes");
  const tooShort = assertThrows(
    () => readAttrs(new Reader(hex("80000000 00100000"))),
    ProtocolError,
  );
  assertEquals(tooShort.message, "packet is too short for its fields");
});

function written(value: FileAttrs): string {
  const writer = new Writer(1);
  writeAttrs(writer, value);
  return toHex(writer.written);
}
