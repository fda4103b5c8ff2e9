import { assert, assertEquals } from "@std/assert";
import { LONG_DATA_LENGTH } from "../../lib/wire/constants.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { DATA_HEADER_LENGTH, writeData } from "../../lib/wire/replies.ts";
import { Writer } from "../../lib/wire/writer.ts";
import { hex, toHex } from "../support/hex.ts";
import { randomNumbers } from "../support/random.ts";

Deno.test("Writer writes one field behind the other, from no capacity on", () => {
  const writer = new Writer(0);
  writer.u8(255);
  writer.u32(0x80000001);
  writer.u64(0x1_0000_0002);
  writer.bigU64(0xfedcba9876543210n);
  writer.raw(hex("a1a2"));
  writer.bytes(hex("a3"));
  writer.name("é\udcff");
  const expected = hex(`
    ff
    80000001
    0000000100000002
    fedcba9876543210
    a1a2
    00000001 a3
    00000003 c3a9 ff
  `);
  assertEquals(toHex(writer.written), toHex(expected));
  assertEquals(writer.length, expected.length);
});

Deno.test("Writer.u64() writes every safe integer as Reader.u64() reads it", () => {
  const numbers = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 1, 2 ** 53 - 1];
  for (const number of numbers) {
    const writer = new Writer();
    writer.u64(number);
    assertEquals(new Reader(writer.written).bigU64(), BigInt(number));
    assertEquals(new Reader(writer.written).u64(), number);
  }
});

Deno.test("Writer.u32() takes values modulo 2^32", () => {
  const writer = new Writer();
  for (const value of [-1, 2 ** 32, 2 ** 32 + 5]) writer.u32(value);
  assertEquals(toHex(writer.written), "ffffffff" + "00000000" + "00000005");
});

Deno.test("Writer.decimal() fills its columns, and is never cut", () => {
  const writer = new Writer(0);
  for (const value of [0, 12_345_678, 123_456_789, 2 ** 53 - 1]) writer.decimal(value, 8);
  assertEquals(
    new TextDecoder().decode(writer.written),
    "       0" + "12345678" + "123456789" + "9007199254740991",
  );
});

Deno.test("Writer.again() repeats what stands between two marks", () => {
  const writer = new Writer(6);
  writer.raw(hex("a1a2"));
  const from = writer.position;
  writer.raw(hex("b1b2b3"));
  writer.again(from, writer.position);
  writer.again(from, from);
  assertEquals(toHex(writer.written), "a1a2" + "b1b2b3" + "b1b2b3");
});

Deno.test("Writer.end() fills the length of the packet begun last", () => {
  const writer = new Writer(4);
  writer.begin(101);
  writer.u32(1);
  writer.end();
  writer.begin(200);
  writer.end();
  assertEquals(toHex(writer.written), "00000005" + "65" + "00000001" + "00000001" + "c8");
});

Deno.test("Writer.truncate() takes back what was written since a mark", () => {
  const writer = new Writer();
  writer.begin(104);
  const mark = writer.position;
  writer.name("taken back");
  writer.truncate(mark);
  writer.u8(7);
  writer.end();
  assertEquals(toHex(writer.written), "00000002" + "68" + "07");
});

Deno.test("Writer.drop() gives up the first bytes and keeps the others", () => {
  const writer = new Writer();
  writer.raw(hex("a1a2a3a4"));
  writer.drop(0);
  writer.drop(3);
  assertEquals([writer.length, toHex(writer.written)], [1, "a4"]);
  writer.raw(hex("b1"));
  assertEquals(toHex(writer.written), "a4b1");
  writer.drop(2);
  assertEquals([writer.length, toHex(writer.written)], [0, ""]);
});

Deno.test("Writer.drop() of everything begins at the front again", () => {
  const writer = new Writer(64);
  writer.raw(hex("a1a2a3a4"));
  writer.drop(4);
  assertEquals(writer.position, 0);
});

Deno.test("Writer.clear() gives up everything", () => {
  const writer = new Writer();
  writer.raw(hex("a1a2a3a4"));
  writer.drop(1);
  writer.clear();
  writer.u8(1);
  assertEquals(toHex(writer.written), "01");
});

Deno.test("Writer keeps packets whole however they are dropped meanwhile", () => {
  const random = randomNumbers(5);
  for (let round = 0; round < 50; round++) {
    const writer = new Writer(random(64));
    const expected: number[] = [];
    const seen: number[] = [];
    for (let packet = 0; packet < 60; packet++) {
      const length = random(90);
      writer.begin(packet);
      writer.raw(new Uint8Array(length).fill(packet));
      writer.end();
      expected.push(0, 0, 0, length + 1, packet, ...new Array(length).fill(packet));
      const count = random(writer.length + 1);
      seen.push(...writer.written.subarray(0, count));
      writer.drop(count);
    }
    seen.push(...writer.written);
    assertEquals(seen, expected);
  }
});

Deno.test("Writer reuses its room, so that what is dropped costs no memory", () => {
  const writer = new Writer(1024);
  const { buffer } = writer.written;
  for (let packet = 0; packet < 1000; packet++) {
    writer.begin(1);
    writer.raw(new Uint8Array(100));
    writer.end();
    // One packet is always waiting.
    if (packet > 0) writer.drop(105);
  }
  assert(writer.written.buffer === buffer, "the buffer has grown");
});

Deno.test("Writer.window() lends room behind the end, and bytesInPlace() takes it in", () => {
  const writer = new Writer(4);
  writer.u8(1);
  const window = writer.window(4, 10);
  assertEquals(window.length, 10);
  window.set(hex("a1a2a3"));
  writer.bytesInPlace(window.subarray(0, 2));
  assertEquals(toHex(writer.written), "01" + "00000002" + "a1a2");
});

Deno.test("Writer.bytesInPlace() copies bytes that stand somewhere else", () => {
  const writer = new Writer(64);
  writer.bytesInPlace(hex("a1a2"));
  const misplaced = writer.window(5, 2);
  misplaced.set(hex("b1b2"));
  writer.bytesInPlace(misplaced);
  writer.bytesInPlace(hex(""));
  assertEquals(toHex(writer.written), "00000002a1a2" + "00000002b1b2" + "00000000");
});

Deno.test("Writer.setU32() overwrites at a mark, also after the buffer has grown", () => {
  const writer = new Writer(8);
  writer.u8(0xee);
  const mark = writer.position;
  writer.u32(0);
  writer.raw(new Uint8Array(100));
  writer.setU32(mark, 0xdeadbeef);
  assertEquals(toHex(writer.written.subarray(0, 6)), "ee" + "deadbeef" + "00");
});

Deno.test("Writer.name() makes room for every kind of character", () => {
  const long = "a".repeat(100) + "é".repeat(100) + "日".repeat(100) + "😀".repeat(100);
  for (const name of [long, long + "\udc80".repeat(100)]) {
    const writer = new Writer(1);
    writer.name(name);
    assertEquals(new Reader(writer.written).name(), name);
  }
});

Deno.test("Writer.lend() leaves long data where it is, and counts it", () => {
  const writer = new Writer(0);
  const long = new Uint8Array(LONG_DATA_LENGTH).fill(7);
  const short = long.subarray(1);
  for (const data of [long, short]) {
    writer.begin(103);
    writer.u32(1);
    writer.lend(data);
    writer.u8(9);
    writer.end();
  }
  const { parts } = writer;
  assertEquals(parts.map(({ length }) => length), [13, 16_384, 1 + 13 + 16_383 + 1]);
  assertEquals(parts[0], hex("0000400a 67 00000001 00004000"));
  assert(parts[1]!.buffer === long.buffer && writer.lent[0] === long);
  assertEquals(writer.length, 14 + 16_384 + 14 + 16_383);
});

Deno.test("Writer.written has in one what was lent, and can be dropped and written on", () => {
  const writer = new Writer();
  const long = new Uint8Array(LONG_DATA_LENGTH).map((_, at) => at * 7);
  writer.u8(1);
  writer.lend(long);
  writer.u8(2);
  const whole = new Uint8Array([1, 0, 0, 0x40, 0, ...long, 2]);
  assertEquals(new Uint8Array(writer.parts.flatMap((part) => [...part])), whole);
  assertEquals(writer.written, whole);
  assertEquals([writer.length, writer.lent], [whole.length, []]);
  writer.drop(5);
  writer.u8(3);
  assertEquals(writer.written, new Uint8Array([...long, 2, 3]));
});

Deno.test("Writer.clear() forgets what was lent", () => {
  const writer = new Writer();
  writer.lend(new Uint8Array(LONG_DATA_LENGTH));
  writer.clear();
  assertEquals([writer.length, writer.parts, writer.lent], [0, [], []]);
});

/** Bytes that say which packet they belong to, and where in it they stand. */
function dataOf(id: number, length: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(length);
  for (let at = 0; at < length; at++) data[at] = id * 31 + at * 7 + (at >> 8);
  return data;
}

/** The packet that DATA is, by hand. */
function dataPacket(id: number, data: Uint8Array): Uint8Array {
  const packet = new Uint8Array(DATA_HEADER_LENGTH + data.length);
  const view = new DataView(packet.buffer);
  view.setUint32(0, 9 + data.length);
  view.setUint8(4, 103);
  view.setUint32(5, id);
  view.setUint32(9, data.length);
  packet.set(data, DATA_HEADER_LENGTH);
  return packet;
}

/** What a client has received, compared with what it was to receive. */
class Received {
  #expected: Uint8Array[] = [];

  expect(packet: Uint8Array): void {
    this.#expected.push(packet);
  }

  /** Takes the first `count` bytes of what a writer has written. */
  take(writer: Writer, count: number): void {
    let bytes = writer.written.subarray(0, count);
    while (bytes.length > 0) {
      const packet = this.#expected[0]!;
      const part = Math.min(bytes.length, packet.length);
      assertEquals(bytes.subarray(0, part), packet.subarray(0, part));
      bytes = bytes.subarray(part);
      if (part === packet.length) this.#expected.shift();
      else this.#expected[0] = packet.subarray(part);
    }
    writer.drop(count);
  }
}

Deno.test("Writer keeps what is read into a window where a part of what waits was sent before", () => {
  const length = LONG_DATA_LENGTH;
  const writer = new Writer(16 * length);
  const received = new Received();
  const read = (id: number) => {
    const data = dataOf(id, length);
    const window = writer.window(DATA_HEADER_LENGTH, length);
    window.set(data);
    writeData(writer, id, window);
    received.expect(dataPacket(id, data));
  };
  for (let id = 0; id < 12; id++) read(id);
  received.take(writer, 9 * length);
  for (let id = 12; id < 24; id++) read(id);
  received.take(writer, writer.length);
});

Deno.test("Writer keeps every packet as it was, in whatever way its bytes came and are taken", () => {
  const random = randomNumbers(14);
  for (let round = 0; round < 60; round++) {
    const writer = new Writer(random(2) === 0 ? random(64) : random(400_000));
    const received = new Received();
    for (let id = 0; id < 60; id++) {
      const length = [random(40), random(40_000), LONG_DATA_LENGTH - 1 + random(3)][random(3)]!;
      const data = dataOf(id, length);
      const way = random(5);
      if (way === 0) {
        writeData(writer, id, data);
      } else if (way === 1) {
        // As a failed READ does it: what has come into the window counts for nothing.
        writer.window(DATA_HEADER_LENGTH, length).fill(0xee);
        writer.begin(103);
        writer.u32(id);
        writer.bytes(data);
        writer.end();
      } else {
        // As a READ that comes to less than it was asked for.
        const window = writer.window(DATA_HEADER_LENGTH, length + random(3) * 100);
        // What is dropped meanwhile moves what waits, but nothing that was read.
        window.fill(0xee);
        window.set(data);
        if (way === 2 && random(4) === 0) received.take(writer, random(writer.length + 1));
        writeData(writer, id, window.subarray(0, length));
      }
      received.expect(dataPacket(id, data));
      if (random(8) === 0) received.take(writer, random(writer.length + 1));
    }
    received.take(writer, writer.length);
  }
});
