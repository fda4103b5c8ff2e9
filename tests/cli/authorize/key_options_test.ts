import { assertEquals, assertThrows } from "@std/assert";
import { expiryTime, sourcePatterns } from "../../../lib/cli/authorize/key_options.ts";
import { UsageError } from "../../../lib/cli/errors.ts";

Deno.test("sourcePatterns() takes addresses, networks and patterns of names", () => {
  for (
    const list of [
      "192.0.2.1",
      "192.0.2.0/24,!192.0.2.7",
      "0.0.0.0/0",
      "2001:db8::/32",
      "::/0",
      "::ffff:10.0.0.0/104",
      "2001:db8:0:1::8/125",
      "*.example.org,host-?",
    ]
  ) assertEquals(sourcePatterns(list), list);
});

Deno.test("sourcePatterns() refuses a list through which sshd would let no one in", () => {
  for (
    const list of [
      ...["", ",", "a,,b", "a b", "a, b", '"', "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/", "x/8"],
      ...["2001:db8::1/32", "::/129", "10.0.0.0/8/8", "!10.0.0.1", "fe80::1%eth0", "a\nb"],
    ]
  ) assertThrows(() => sourcePatterns(list), UsageError, "--from", list);
});

const NOW = new Date("2026-06-15T12:00:00Z");

Deno.test("expiryTime() takes a time in each form of sshd's", () => {
  for (
    const time of ["20270101", "20270101Z", "202701012359", "20280229235959Z", "202606151201Z"]
  ) {
    assertEquals(expiryTime(time, NOW), time);
  }
});

Deno.test("expiryTime() refuses what is not a time, and a time that is over", () => {
  for (
    const time of [
      ...[
        "",
        "2027",
        "2027-01-01",
        "20270229",
        "20271301",
        "20270100",
        "2027010124",
        "202701012400",
      ],
      ...["202701012360", "20270101235960", "20270101z", "20270101+1", " 20270101"],
    ]
  ) assertThrows(() => expiryTime(time, NOW), UsageError, "YYYYMMDD[HHMM[SS]][Z]", time);
  for (const time of ["20260614", "202606151200Z", "19700101"]) {
    assertThrows(() => expiryTime(time, NOW), UsageError, "is over");
  }
});
