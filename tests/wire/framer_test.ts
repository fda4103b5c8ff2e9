import { assert, assertEquals, assertThrows } from "@std/assert";
import { MAX_PACKET_LENGTH } from "../../lib/wire/constants.ts";
import { ProtocolError } from "../../lib/wire/errors.ts";
import { push } from "../support/framing.ts";
import { Framer } from "../../lib/wire/framer.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { randomNumbers } from "../support/random.ts";
import { hex, toHex } from "../support/hex.ts";

const STREAM = hex(`
  00000001 01
  00000005 0201020304
  00000003 030000
`);
const PACKETS = ["01", "0201020304", "030000"];

Deno.test("Framer gives no packet before any bytes came", () => {
  assertEquals(new Framer().next(new Reader()), false);
});

Deno.test("Framer cuts a stream that comes at once", () => {
  const framer = new Framer();
  assertEquals(push(framer, STREAM), STREAM.length);
  assertEquals(packetsOf(framer), PACKETS);
});

Deno.test("Framer cuts a stream that comes byte for byte", () => {
  const framer = new Framer();
  const packets: string[] = [];
  for (const [at, byte] of STREAM.entries()) {
    push(framer, Uint8Array.of(byte));
    const more = packetsOf(framer);
    // A packet is given with its last byte and not before.
    assertEquals(more.length, [4, 13, 20].includes(at) ? 1 : 0);
    packets.push(...more);
  }
  assertEquals(packets, PACKETS);
});

Deno.test("Framer cuts a stream in chunks of any size", () => {
  const random = randomNumbers(7);
  const expected: string[] = [];
  const stream: number[] = [];
  for (let packet = 0; packet < 300; packet++) {
    const body = Uint8Array.from({ length: 1 + random(60) }, () => random(256));
    expected.push(toHex(body));
    stream.push(0, 0, 0, body.length, ...body);
  }
  for (const longest of [1, 2, 7, 50, 500, 5000]) {
    const framer = new Framer();
    const packets: string[] = [];
    let rest = Uint8Array.from(stream);
    while (rest.length > 0) {
      const chunk = rest.subarray(0, 1 + random(longest));
      assertEquals(push(framer, chunk), chunk.length);
      rest = rest.subarray(chunk.length);
      packets.push(...packetsOf(framer));
    }
    assertEquals(packets, expected);
  }
});

Deno.test("Framer cuts what is read into its free room", () => {
  const framer = new Framer();
  const packets: string[] = [];
  for (let at = 0; at < STREAM.length; at += 6) {
    const part = STREAM.subarray(at, at + 6);
    framer.free().set(part);
    framer.commit(part.length);
    packets.push(...packetsOf(framer));
  }
  assertEquals(packets, PACKETS);
});

Deno.test("Framer refuses an empty packet", () => {
  const framer = new Framer();
  push(framer, hex("00000000"));
  const error = assertThrows(() => framer.next(new Reader()), ProtocolError);
  assertEquals(error.exitStatus, 255);
});

Deno.test("Framer takes a packet of exactly 256 KiB", () => {
  const framer = new Framer();
  const packet = packetOf(MAX_PACKET_LENGTH);
  assertEquals(MAX_PACKET_LENGTH, 262144);
  assertEquals(pushAll(framer, packet), packet.length);
  const reader = new Reader();
  assert(framer.next(reader));
  assertEquals(reader.remaining, MAX_PACKET_LENGTH);
  assertEquals(reader.rest(), packet.subarray(4));
});

Deno.test("Framer refuses a packet of 256 KiB and a byte by its length alone", () => {
  for (const length of ["00040001", "7fffffff", "80000000", "ffffffff"]) {
    const framer = new Framer();
    push(framer, hex(length));
    const error = assertThrows(() => framer.next(new Reader()), ProtocolError);
    assertEquals(error.exitStatus, 11);
  }
});

Deno.test("Framer refuses a packet that is too long behind others, which it gives first", () => {
  const framer = new Framer();
  push(framer, hex("00000001 01 00040001"));
  const reader = new Reader();
  assert(framer.next(reader));
  assertEquals(toHex(reader.rest()), "01");
  assertThrows(() => framer.next(reader), ProtocolError);
});

Deno.test("Framer has room again whenever it has no packet", () => {
  const framer = new Framer();
  const reader = new Reader();
  const stream = new Uint8Array(3 * (MAX_PACKET_LENGTH + 4));
  for (let index = 0; index < 3; index++) {
    stream.set(packetOf(MAX_PACKET_LENGTH), index * (MAX_PACKET_LENGTH + 4));
  }
  let [at, packets] = [0, 0];
  while (at < stream.length) {
    const taken = push(framer, stream.subarray(at, at + 100_000));
    assert(taken > 0, "no room");
    at += taken;
    while (framer.next(reader)) {
      packets++;
      assertEquals(reader.rest(), packetOf(MAX_PACKET_LENGTH).subarray(4));
    }
  }
  assertEquals(packets, 3);
});

Deno.test("Framer keeps packets in place while others are taken, and moves the rest aside", () => {
  const framer = new Framer();
  const [first, second, third] = [new Reader(), new Reader(), new Reader()];
  push(framer, hex("00000002 a1a2 00000002 b1b2 00000002 c1"));
  assert(framer.next(first) && framer.next(second) && !framer.next(third));
  // Lent until free() is called.
  assertEquals([toHex(first.rest()), toHex(second.rest())], ["a1a2", "b1b2"]);
  const room = framer.free().length;
  push(framer, hex("c2"));
  assert(framer.next(third));
  assertEquals(toHex(third.rest()), "c1c2");
  assert(room >= MAX_PACKET_LENGTH - 1, "the room of the taken packets is not given back");
});

Deno.test("Framer takes no more than it has room for", () => {
  const framer = new Framer();
  const capacity = framer.free().length;
  assertEquals(capacity, MAX_PACKET_LENGTH + 4);
  assertEquals(push(framer, new Uint8Array(capacity + 10)), capacity);
  assertEquals(framer.free().length, 0);
});

Deno.test("Framer has at least the room of the largest packet, whatever it is told", () => {
  assertEquals(new Framer(10).free().length, MAX_PACKET_LENGTH + 4);
  assertEquals(new Framer(2 ** 20).free().length, 2 ** 20);
});

/** Takes the next packet of `framer`, keeps its bytes, and returns them. */
function keepNext(framer: Framer): Uint8Array {
  const reader = new Reader();
  assert(framer.next(reader));
  const bytes = reader.rest();
  framer.keep(bytes);
  return bytes;
}

/** Pushes a stream of packets, all of them kept. */
function keepAll(framer: Framer, packets: readonly Uint8Array[]): Uint8Array[] {
  const kept: Uint8Array[] = [];
  const stream = concat(packets);
  const reader = new Reader();
  for (let at = 0; at < stream.length;) {
    at += push(framer, stream.subarray(at, at + 60_000));
    while (framer.next(reader)) {
      const bytes = reader.rest();
      framer.keep(bytes);
      kept.push(bytes);
    }
  }
  return kept;
}

Deno.test("Framer leaves what is kept as it is, whatever comes", () => {
  const packets = [200_000, 30_000, MAX_PACKET_LENGTH, 1, 100_000, 70_000].map(packetOf);
  const kept = keepAll(new Framer(), packets);
  assertEquals(kept, packets.map((packet) => packet.subarray(4)));
});

Deno.test("Framer uses memory again that nobody keeps any more, and no other", () => {
  const framer = new Framer();
  const packet = packetOf(MAX_PACKET_LENGTH);
  const buffers = new Set<ArrayBufferLike>();
  let last: Uint8Array | undefined;
  for (let count = 0; count < 10; count++) {
    const [kept] = keepAll(framer, [packet]);
    buffers.add(kept!.buffer);
    if (last !== undefined) framer.release(last);
    last = kept;
  }
  // One is filled while the other is kept.
  assertEquals(buffers.size, 2);
});

Deno.test("Framer never uses memory again that was left to others", () => {
  const framer = new Framer();
  const packet = packetOf(MAX_PACKET_LENGTH);
  for (const isCurrent of [true, false]) {
    const [left] = keepAll(framer, [packet]);
    if (isCurrent) framer.forget(left!);
    const buffers = [1, 2, 3].map(() => {
      const [kept] = keepAll(framer, [packet]);
      return kept!;
    });
    if (!isCurrent) framer.forget(left!);
    for (const kept of buffers) framer.release(kept);
    for (const again of [1, 2, 3, 4].map(() => keepAll(framer, [packet])[0]!)) {
      assert(again.buffer !== left!.buffer);
      framer.release(again);
    }
  }
});

Deno.test("Framer passes over what it does not keep", () => {
  const framer = new Framer();
  push(framer, hex("00000002 a1a2"));
  const kept = keepNext(framer);
  const foreign = new Uint8Array(3);
  framer.release(foreign);
  framer.forget(foreign);
  framer.release(kept);
  framer.release(kept);
  push(framer, hex("00000002 b1b2"));
  assertEquals(keepNext(framer), hex("b1b2"));
});

Deno.test("Framer leaves each part as it is until it is given back, in whatever order", () => {
  const random = randomNumbers(15);
  for (let round = 0; round < 4; round++) {
    const framer = new Framer(random(2) * 512 * 1024);
    const reader = new Reader();
    const lengths = Array.from(
      { length: 60 },
      () => [1 + random(100), 16_384, 32_800, random(200_000) + 1, MAX_PACKET_LENGTH][random(5)]!,
    );
    const stream = concat(lengths.map((length) => packetOf(length)));
    let kept: { readonly bytes: Uint8Array; readonly is: Uint8Array }[] = [];
    const forgotten: typeof kept = [];
    let packets = 0;
    for (let at = 0; at < stream.length;) {
      at += push(framer, stream.subarray(at, at + 1 + random(random(4) * 100_000 + 1)));
      while (framer.next(reader)) {
        const bytes = reader.rest();
        const is = packetOf(lengths[packets++]!).subarray(4);
        assertSame(bytes, is);
        if (random(2) === 0) continue;
        framer.keep(bytes);
        kept.push({ bytes, is });
      }
      if (random(3) > 0) continue;
      const [gone, stays] = [kept.filter((_, index) => index % 2 === 0), kept];
      kept = stays.filter((_, index) => index % 2 === 1);
      for (const part of random(2) === 0 ? gone : gone.reverse()) {
        assertSame(part.bytes, part.is);
        if (random(5) > 0) {
          framer.release(part.bytes);
        } else {
          framer.forget(part.bytes);
          forgotten.push(part);
        }
      }
    }
    assertEquals(packets, lengths.length);
    for (const { bytes, is } of [...kept, ...forgotten]) assertSame(bytes, is);
  }
});

function assertSame(bytes: Uint8Array, wanted: Uint8Array): void {
  assertEquals(bytes.length, wanted.length);
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== wanted[at]) throw new Error(`byte ${at} of ${bytes.length} differs`);
  }
}

function packetsOf(framer: Framer): string[] {
  const reader = new Reader();
  const packets: string[] = [];
  while (framer.next(reader)) packets.push(toHex(reader.rest()));
  return packets;
}

function packetOf(length: number): Uint8Array {
  const packet = new Uint8Array(4 + length);
  new DataView(packet.buffer).setUint32(0, length);
  for (let at = 4; at < packet.length; at++) packet[at] = at * 7 + (at >> 8);
  return packet;
}

function pushAll(framer: Framer, bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) at += push(framer, bytes.subarray(at, at + 60_000));
  return at;
}

function concat(packets: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(packets.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const packet of packets) {
    all.set(packet, at);
    at += packet.length;
  }
  return all;
}
