import { assertEquals } from "@std/assert";
import * as constants from "../../lib/wire/constants.ts";

Deno.test("the limits are those of OpenSSH's server", () => {
  assertEquals(constants.MAX_PACKET_LENGTH, 262144);
  assertEquals(constants.MAX_DATA_LENGTH, 261120);
  assertEquals(constants.MAX_EXTENDED_ATTRS, 1048576);
});

Deno.test("no two packet types, and no two statuses, have one number", () => {
  for (const numbers of [constants.PacketType, constants.StatusCode]) {
    const values = Object.values(numbers);
    assertEquals(new Set(values).size, values.length);
  }
});
