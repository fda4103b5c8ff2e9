import { assertEquals, assertThrows } from "@std/assert";
import { PacketType } from "../../../lib/wire/constants.ts";
import { Connection } from "../../../scripts/bench/connection.ts";
import * as libc from "../../../scripts/bench/libc.ts";
import { request, Ring } from "../../../scripts/bench/packets.ts";
import { hex } from "../../support/hex.ts";

/** A DATA reply of this length. */
function dataReply(id: number, length: number): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(13 + length);
  const view = new DataView(reply.buffer);
  view.setUint32(0, 9 + length);
  view.setUint8(4, PacketType.DATA);
  view.setUint32(5, id);
  view.setUint32(9, length);
  return reply;
}

/** Runs `use` with both ends of a socketpair. */
function withPair(use: (ours: number, theirs: number) => void): void {
  const [ours, theirs] = libc.socketPair();
  try {
    use(ours, theirs);
  } finally {
    libc.closeDescriptor(ours);
    libc.closeDescriptor(theirs);
  }
}

function send(descriptor: number, bytes: Uint8Array<ArrayBuffer>): void {
  assertEquals(libc.write(descriptor, bytes), bytes.length);
}

const onLinux = { ignore: Deno.build.os !== "linux" };

// The library stays open, which a test would be blamed for: it is opened before.
if (!onLinux.ignore) withPair(() => undefined);

Deno.test("Connection passes over the rest of a long reply, however it arrives", onLinux, () => {
  withPair((ours, theirs) => {
    const replies = new Connection(ours);
    const long = dataReply(1, 5000);
    // What looks like a reply within the data is not one.
    long.set(dataReply(9, 8), 2000);
    send(theirs, long.subarray(0, 1500));
    replies.receive();
    assertEquals(replies.next(), true);
    assertEquals([replies.type, replies.u32(1), replies.u32(5)], [PacketType.DATA, 1, 5000]);
    assertEquals(replies.next(), false);
    send(theirs, long.subarray(1500, 2000));
    replies.receive();
    assertEquals(replies.next(), false);
    send(theirs, long.subarray(2000));
    send(theirs, dataReply(2, 4).subarray(0, 6));
    replies.receive();
    assertEquals(replies.next(), false);
    send(theirs, dataReply(2, 4).subarray(6));
    replies.receive();
    assertEquals(replies.next(), true);
    assertEquals([replies.u32(1), replies.u32(5)], [2, 4]);
  });
});

Deno.test("Connection says when the server has hung up", onLinux, () => {
  const [ours, theirs] = libc.socketPair();
  const replies = new Connection(ours);
  libc.closeDescriptor(theirs);
  assertThrows(() => replies.receive(), Error, "hung up");
  libc.closeDescriptor(ours);
});

Deno.test(
  "Connection.run() has no more requests in flight than the ring has slots",
  onLinux,
  () => {
    withPair((ours, theirs) => {
      const connection = new Connection(ours);
      const ring = new Ring(request(PacketType.STAT, "x"), 4);
      // All replies wait already; each that is read makes room for a request.
      const answers = [0, 1, 2, 3, 4, 5].map((id) => dataReply(id, 0));
      for (const answer of answers) send(theirs, answer);
      const seen: number[] = [];
      connection.run({ ring, count: 6, reply: (replies) => seen.push(replies.u32(1)) });
      assertEquals(seen, [0, 1, 2, 3, 4, 5]);
      const requests = new Uint8Array(4096);
      const length = libc.read(theirs, requests);
      assertEquals(length, 4 * ring.packet.length);
      const expected = hex("0000000a 11 00000003 00000001").slice(0, 13);
      assertEquals(requests.subarray(3 * ring.packet.length).subarray(0, 13), expected);
    });
  },
);
