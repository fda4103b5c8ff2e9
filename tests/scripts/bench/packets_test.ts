import { assertEquals } from "@std/assert";
import { PacketType } from "../../../lib/wire/constants.ts";
import * as packets from "../../../scripts/bench/packets.ts";
import { hex } from "../../support/hex.ts";

Deno.test("request() has id 0 and its fields: names, numbers and bytes", () => {
  assertEquals(
    packets.request(PacketType.STAT, "small"),
    hex(`0000000e 11 00000000 00000005 "small"`),
  );
  assertEquals(
    packets.request(PacketType.MKDIR, "d", 0),
    hex(`0000000e 0e 00000000 00000001 "d" 00000000`),
  );
  assertEquals(
    packets.request(PacketType.RENAME, "a", "bc"),
    hex(`00000010 12 00000000 00000001 "a" 00000002 "bc"`),
  );
});

Deno.test("transferPacket() has a length to read or bytes to write, at position 0", () => {
  const handle = hex(`"h1"`);
  assertEquals(
    packets.transferPacket(PacketType.WRITE, handle, hex(`"xyz"`)),
    hex(`0000001a 06 00000000 00000002 "h1" 0000000000000000 00000003 "xyz"`),
  );
});

Deno.test("Ring gives each request its id and position, in the slot of one that is answered", () => {
  const handle = hex(`"h1"`);
  const ring = new packets.Ring(packets.transferPacket(PacketType.READ, handle, 0x8000), 2);
  for (const index of [0, 1, 2]) {
    ring.number(index);
    ring.place(index, handle, index * 0x1_8000_0000);
  }
  assertEquals(
    ring.bytes,
    hex(`
      00000017 05 00000002 00000002 "h1" 0000000300000000 00008000   # slot 0: request 2
      00000017 05 00000001 00000002 "h1" 0000000180000000 00008000   # slot 1: request 1
    `),
  );
});

Deno.test("setHandle() puts another handle into a packet", () => {
  const packet = packets.request(PacketType.CLOSE, hex(`"h1"`));
  packets.setHandle(packet, hex(`"h2"`));
  assertEquals(packet, packets.request(PacketType.CLOSE, hex(`"h2"`)));
});
