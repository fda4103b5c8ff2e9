import { assertEquals, assertThrows } from "@std/assert";
import { type PacketSink, Receiver } from "../../lib/client/receiver.ts";
import { ProtocolError } from "../../lib/wire/errors.ts";
import type { Reader } from "../../lib/wire/reader.ts";
import { hex } from "./scripted_server.ts";

/** Notes what comes, as a line each; DATA of these ids has a window. */
class Notes implements PacketSink {
  readonly lines: string[] = [];
  readonly #windows: ReadonlyMap<number, Uint8Array>;

  constructor(windows: ReadonlyMap<number, Uint8Array> = new Map()) {
    this.#windows = windows;
  }

  packet(packet: Reader): void {
    const type = packet.u8();
    const id = packet.u32();
    // A whole DATA packet goes the same way as one in pieces, so that both read the same here.
    const rest = type === 103 ? packet.bytes() : packet.rest();
    this.lines.push(`${type} ${id} ${rest.toHex()}`);
  }

  window(id: number, count: number): Uint8Array | undefined {
    return this.#windows.get(id)?.subarray(0, count);
  }

  filled(id: number, count: number): void {
    this.lines.push(`103 ${id} ${this.#windows.get(id)!.subarray(0, count).toHex()}`);
  }
}

const STREAM = hex(
  "00000011 65 00000001 00000000 00000000 00000000", // STATUS
  "0000000d 67 00000002 00000004 01020304", // DATA with a window
  "00000009 67 00000003 00000000", // DATA of nothing
  "0000000d 67 00000004 00000004 05060708", // DATA without a window
  "00000005 66 00000005", // HANDLE
);

const LINES = [
  "101 1 000000000000000000000000",
  "103 2 01020304",
  "103 3 ",
  "103 4 05060708",
  "102 5 ",
];

function windows(): Map<number, Uint8Array> {
  return new Map([[2, new Uint8Array(4)]]);
}

Deno.test("Receiver takes packets that lie in one chunk", () => {
  const notes = new Notes(windows());
  new Receiver(notes).accept(STREAM);
  assertEquals(notes.lines, LINES);
});

Deno.test("Receiver takes packets that are cut anywhere, into two or three chunks", () => {
  for (let first = 0; first <= STREAM.length; first++) {
    for (let second = first; second <= STREAM.length; second++) {
      const notes = new Notes(windows());
      const receiver = new Receiver(notes);
      receiver.accept(STREAM.subarray(0, first));
      receiver.accept(STREAM.subarray(first, second));
      receiver.accept(STREAM.subarray(second));
      assertEquals(notes.lines, LINES, `cut at ${first} and ${second}`);
      assertEquals(receiver.idle, true);
    }
  }
});

Deno.test("Receiver takes packets byte by byte, out of one buffer that is used again", () => {
  const notes = new Notes(windows());
  const receiver = new Receiver(notes);
  const buffer = new Uint8Array(1);
  for (const byte of STREAM) {
    buffer[0] = byte;
    receiver.accept(buffer);
  }
  assertEquals(notes.lines, LINES);
});

Deno.test("Receiver knows whether it stands between packets", () => {
  const receiver = new Receiver(new Notes(windows()));
  for (
    const [cut, idle] of [[0, true], [3, false], [21, true], [22, false], [36, false]] as const
  ) {
    const one = new Receiver(new Notes(windows()));
    one.accept(STREAM.subarray(0, cut));
    assertEquals(one.idle, idle, `after ${cut} bytes`);
  }
  receiver.accept(STREAM);
  assertEquals(receiver.idle, true);
});

Deno.test("Receiver takes a packet of 256 KiB in pieces, and refuses one byte more", () => {
  const notes = new Notes();
  const receiver = new Receiver(notes);
  const packet = new Uint8Array(4 + 262144);
  packet.set(hex("00040000 68 00000001"));
  for (let at = 0; at < packet.length; at += 1000) receiver.accept(packet.subarray(at, at + 1000));
  assertEquals(notes.lines, [`104 1 ${"00".repeat(262139)}`]);
  assertThrows(() => receiver.accept(hex("00040001")), ProtocolError, "262145 bytes is too long");
});

Deno.test("Receiver refuses a packet that is too long as soon as its length is there", () => {
  const receiver = new Receiver(new Notes());
  receiver.accept(hex("ffff"));
  assertThrows(() => receiver.accept(hex("ffff")), ProtocolError, "too long");
});

Deno.test("Receiver refuses a packet of nothing", () => {
  assertThrows(() => new Receiver(new Notes()).accept(hex("00000000")), ProtocolError, "empty");
});

Deno.test("Receiver leaves a DATA packet whose counts do not fit together to the sink", () => {
  const notes = new Notes(new Map([[2, new Uint8Array(99)]]));
  const receiver = new Receiver(notes);
  receiver.accept(hex("0000000d 67 00000002 00000003 01"));
  receiver.accept(hex("020304"));
  assertEquals(notes.lines, ["103 2 010203"]);
});

/** Memory that whoever has a view of it may not copy into. */
class Guarded extends Uint8Array<ArrayBuffer> {
  override set(): never {
    throw new Error("copied");
  }
}

Deno.test("Receiver tells where the bytes of a packet go, and copies nothing that stands there", () => {
  const memory = new Uint8Array(6);
  const notes = new Notes(new Map([[2, new Guarded(memory.buffer)]]));
  const receiver = new Receiver(notes);
  assertEquals(receiver.room, undefined);
  receiver.accept(hex("0000000f 67 00000002 00000006"));
  for (const [start, bytes] of [[0, hex("0102")], [2, hex("03")], [3, hex("040506")]] as const) {
    const { room } = receiver;
    assertEquals([room?.byteOffset, room?.length], [start, 6 - start]);
    memory.set(bytes, start);
    receiver.accept(room!.subarray(0, bytes.length));
  }
  assertEquals([notes.lines, receiver.room], [["103 2 010203040506"], undefined]);
});
