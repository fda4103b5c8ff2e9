import { assertEquals } from "@std/assert";
import { posixZone } from "../../../lib/session/zone/posix_zone.ts";

/** 2026-01-15 12:00 and 2026-07-15 12:00 UTC. */
const WINTER = 1_768_478_400;
const SUMMER = 1_784_116_800;

/** Seconds ahead of UTC in winter and in summer, by glibc. */
const zones: readonly (readonly [text: string, winter: number, summer: number])[] = [
  ["IST-5:30", 19_800, 19_800],
  ["UTC0", 0, 0],
  ["EST5", -18_000, -18_000],
  ["<+03>-3", 10_800, 10_800],
  ["<-0330>3:30", -12_600, -12_600],
  ["LMT-0:19:32", 1172, 1172],
  ["CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200],
  ["CET-1CEST", 3600, 7200],
  ["EST5EDT", -18_000, -14_400],
  ["AEST-10AEDT,M10.1.0,M4.1.0/3", 39_600, 36_000],
  ["<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 39_600, 37_800],
  ["IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600],
  ["XXX3YYY,J60,J300", -10_800, -7200],
  ["XXX3YYY,59/0,299/24", -10_800, -7200],
];

for (const [text, winter, summer] of zones) {
  Deno.test(`posixZone() reads ${text}`, () => {
    const zone = posixZone(text)!;
    assertEquals([zone(WINTER).offset, zone(SUMMER).offset], [winter, summer]);
  });
}

Deno.test("posixZone() changes at the second of the rule, and tells for how long", () => {
  const zone = posixZone("CET-1CEST,M3.5.0,M10.5.0/3")!;
  // 2026-03-29 01:00 and 2026-10-25 01:00 UTC.
  const [spring, autumn] = [1_774_746_000, 1_792_890_000];
  assertEquals(zone(spring - 1), { offset: 3600, from: 1_767_225_600, until: spring });
  assertEquals(zone(spring), { offset: 7200, from: spring, until: autumn });
  assertEquals(zone(autumn - 1), { offset: 7200, from: spring, until: autumn });
  assertEquals(zone(autumn), { offset: 3600, from: autumn, until: 1_798_761_600 });
});

Deno.test("posixZone() leaves what is no such text", () => {
  for (const text of ["", "Europe/Berlin", "UTC", "AB3", ":IST-5:30", "5", "<+03-3"]) {
    assertEquals(posixZone(text), undefined, text);
  }
});
