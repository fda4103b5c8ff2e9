import { assertEquals } from "@std/assert";
import { differences, recordsOf } from "./records.ts";

const FILE = { file: 8, round: 3 };

Deno.test("differences() finds none in a correct file, whatever its length", () => {
  for (const length of [0, 1, 16, 1000, 200_008]) {
    assertEquals(differences(recordsOf(FILE, length), FILE, length), []);
  }
});

Deno.test("recordsOf() gives the same bytes from any offset on", () => {
  const whole = recordsOf(FILE, 1000);
  for (const offset of [1, 15, 16, 500]) {
    assertEquals(recordsOf(FILE, 1000 - offset, offset), whole.slice(offset));
  }
});

Deno.test("differences() says where bytes come from instead", () => {
  const bytes = recordsOf(FILE, 100_000);
  bytes.set(recordsOf({ file: 2, round: 3 }, 16_384, 32_768), 16_384);
  // Moved by the length of a packet's header.
  bytes.set(recordsOf(FILE, 1024, 65_536 - 13), 65_536);
  bytes.fill(0, 98_304, 98_320);
  assertEquals(differences(bytes, FILE, 100_000), [
    "bytes 16384 to 32768 are of file 2, round 3 from 32768 on",
    "bytes 65536 to 66544 are of file 8, round 3 from 65523 on",
    "bytes 66544 to 66560 are of no file",
    "bytes 98304 to 98320 are zeros",
  ]);
});

Deno.test("differences() reports a file of another length", () => {
  assertEquals(differences(recordsOf(FILE, 100), FILE, 200), ["100 bytes instead of 200"]);
});
