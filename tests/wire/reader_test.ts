import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/wire/errors.ts";
import { LONG_DATA_LENGTH } from "../../lib/wire/constants.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { hex } from "../support/hex.ts";

Deno.test("Reader reads one field behind the other", () => {
  const reader = new Reader(hex(`
    ff
    80000001
    0000000100000002
    fedcba9876543210
    00000002 a1a2
    00000002 "é"
    00000005 00000001 "x"
    b1b2
  `));
  assertEquals(reader.u8(), 255);
  assertEquals(reader.u32(), 0x80000001);
  assertEquals(reader.u64(), 0x1_0000_0002);
  assertEquals(reader.bigU64(), 0xfedcba9876543210n);
  assertEquals(reader.bytes(), hex("a1a2"));
  assertEquals(reader.name(), "é");
  assertEquals(reader.inner().name(), "x");
  assertEquals(reader.remaining, 2);
  assertEquals(reader.rest(), hex("b1b2"));
  assertEquals(reader.remaining, 0);
  assertEquals(reader.rest(), hex(""));
});

Deno.test("Reader.u64() is exact up to 2^53, and tells what is beyond by being unsafe", () => {
  assertEquals(new Reader(hex("001fffffffffffff")).u64(), Number.MAX_SAFE_INTEGER);
  for (const beyond of ["0020000000000000", "0020000000000001", "ffffffffffffffff"]) {
    assert(!Number.isSafeInteger(new Reader(hex(beyond)).u64()), beyond);
  }
  assertEquals(new Reader(hex("8000000000000000")).u64(), 2 ** 63);
  assertEquals(new Reader(hex("ffffffffffffffff")).u64(), 2 ** 64);
});

const FIELDS = {
  u8: [(reader: Reader) => reader.u8(), "ff"],
  u32: [(reader: Reader) => reader.u32(), "00000001"],
  u64: [(reader: Reader) => reader.u64(), "0000000000000001"],
  bigU64: [(reader: Reader) => reader.bigU64(), "0000000000000001"],
  bytes: [(reader: Reader) => reader.bytes(), "00000003 616263"],
  name: [(reader: Reader) => reader.name(), "00000003 616263"],
  inner: [(reader: Reader) => reader.inner(), "00000003 616263"],
} as const;

for (const [name, [read, digits]] of Object.entries(FIELDS)) {
  Deno.test(`Reader.${name}() refuses a field that goes beyond the end`, () => {
    const bytes = hex(digits);
    read(new Reader(bytes));
    for (let length = 0; length < bytes.length; length++) {
      assertThrows(() => read(new Reader(bytes, 0, length)), ProtocolError);
    }
  });
}

Deno.test("Reader refuses lengths that would be negative if they were signed", () => {
  for (const length of ["7fffffff", "80000000", "fffffffc", "ffffffff"]) {
    const bytes = hex(`${length} 6162636465666768`);
    assertThrows(() => new Reader(bytes).bytes(), ProtocolError);
    assertThrows(() => new Reader(bytes).name(), ProtocolError);
    assertThrows(() => new Reader(bytes).inner(), ProtocolError);
  }
});

Deno.test("Reader.inner() ends where its string ends, and the outer goes on behind it", () => {
  const reader = new Reader(hex('00000006 00000002 "ab" 00000001 "c"'));
  const inner = reader.inner();
  assertEquals(inner.name(), "ab");
  assertEquals(inner.remaining, 0);
  assertThrows(() => inner.u8(), ProtocolError);
  assertEquals(reader.name(), "c");
});

Deno.test("Reader.name() drops one NUL at the end and refuses any other", () => {
  assertEquals(new Reader(hex('00000004 "abc" 00')).name(), "abc");
  assertEquals(new Reader(hex("00000001 00")).name(), "");
  assertEquals(new Reader(hex("00000002 ff 00")).name(), "\udcff");
  for (
    const bad of ['00000004 "ab" 0000', '00000003 "a" 00 "b"', '00000002 00 "a"', "000000020000"]
  ) {
    assertThrows(() => new Reader(hex(bad)).name(), ProtocolError, "NUL");
  }
});

Deno.test("Reader.name() refuses a NUL anywhere in a long name", () => {
  const bytes = new Uint8Array(4 + 200).fill(0x61);
  bytes.set([0, 0, 0, 200]);
  for (let at = 4; at < bytes.length - 1; at++) {
    const broken = bytes.slice();
    broken[at] = 0;
    assertThrows(() => new Reader(broken).name(), ProtocolError, "NUL");
  }
});

Deno.test("Reader.bytes() and rest() give views and no copies", () => {
  const bytes = hex("00000001 a1 b1");
  const reader = new Reader(bytes);
  const [field, rest] = [reader.bytes(), reader.rest()];
  bytes.fill(0xee);
  assertEquals([field, rest], [hex("ee"), hex("ee")]);
});

Deno.test("Reader.copying() gives bytes that outlive the packet, also of what is packed inside", () => {
  const bytes = hex("ff 00000001 a1");
  const packet = new Reader(bytes);
  packet.u8();
  const copying = packet.copying();
  const inside = hex("00000005 00000001 c1");
  const [field, inner] = [copying.bytes(), new Reader(inside).copying().inner()];
  const [innerField, rest] = [inner.bytes(), new Reader(inside).copying().rest()];
  bytes.fill(0xee);
  inside.fill(0xee);
  assertEquals([field, innerField], [hex("a1"), hex("c1")]);
  assertEquals(rest, hex("00000005 00000001 c1"));
  assertEquals(packet.remaining, bytes.length - 1);
});

Deno.test("Reader.reset() begins anew on other bytes", () => {
  const reader = new Reader(hex("0102"));
  reader.u8();
  reader.reset(hex("a1a2a3a4"), 1, 3);
  assertEquals([reader.remaining, reader.u8(), reader.u8()], [2, 0xa2, 0xa3]);
  assertThrows(() => reader.u8(), ProtocolError);
});

Deno.test("ProtocolError ends a session with OpenSSH's status for a fatal fault", () => {
  const error = assertThrows(() => new Reader().u8(), ProtocolError);
  assertEquals(error.exitStatus, 255);
});

Deno.test("Reader.data() has long data kept in place where somebody can, and copied else", () => {
  for (const length of [LONG_DATA_LENGTH - 1, LONG_DATA_LENGTH]) {
    const bytes = new Uint8Array(4 + length + 1);
    new DataView(bytes.buffer).setUint32(0, length);
    const kept: Uint8Array[] = [];
    const reader = new Reader(bytes).copying({ keep: (part) => kept.push(part) });
    const data = reader.data();
    const copy = new Reader(bytes).copying().data();
    const view = new Reader(bytes).data();
    const isLong = length === LONG_DATA_LENGTH;
    assertEquals([data.length, copy.length, reader.remaining], [length, length, 1]);
    assertEquals(kept, isLong ? [data] : []);
    assertEquals(
      [data, copy, view].map(({ buffer }) => buffer === bytes.buffer),
      [isLong, false, true],
    );
  }
});
