import { assertEquals } from "@std/assert";
import { decodeValue, encodeValue } from "../../../../lib/storage/s3/client/metadata.ts";

Deno.test("A value survives a header, whatever is in it", () => {
  const values = [
    ...[
      "",
      "1.5",
      "a b",
      " a ",
      "é",
      "\u{1f600}".repeat(40),
      "\n\r\0",
      "=?UTF-8?B?w6k=?=",
      "\udcff",
    ],
    ...["=?", "a=?utf-8?q?x?="],
  ];
  for (const value of values) {
    const encoded = encodeValue(value);
    assertEquals(/^[\x20-\x7e]*$/.test(encoded), true, encoded);
    assertEquals(decodeValue(encoded), value);
  }
  assertEquals(encodeValue("plain text"), "plain text");
  assertEquals(encodeValue("é"), "=?UTF-8?B?w6k=?=");
});

Deno.test("Values of other programs are read: encoded words of both kinds, and plain UTF-8", () => {
  assertEquals(decodeValue("=?UTF-8?Q?a_=C3=A9?="), "a é");
  assertEquals(decodeValue("=?utf-8?b?w6k=?= =?UTF-8?B?w6k=?="), "éé");
  assertEquals(decodeValue("\xc3\xa9"), "é");
  assertEquals(decodeValue("=?UTF-8?B?***?="), "***");
  assertEquals(decodeValue("=?ISO-8859-1?Q?=E9?="), "=?ISO-8859-1?Q?=E9?=");
});
