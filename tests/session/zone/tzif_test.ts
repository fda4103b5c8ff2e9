import { assertEquals } from "@std/assert";
import { tzifZone } from "../../../lib/session/zone/tzif.ts";

interface Change {
  readonly at: number;
  readonly kind: number;
}

/** A file of zoneinfo of version 1, or of 2 with a text at its end. */
function fileOf(
  changes: readonly Change[],
  types: readonly (readonly [offset: number, isSummer: 0 | 1])[],
  text?: string,
): Uint8Array {
  const block = (width: number): number[] => {
    const version = text === undefined ? 0 : 0x32;
    const counts = new DataView(new ArrayBuffer(24));
    counts.setUint32(12, changes.length);
    counts.setUint32(16, types.length);
    counts.setUint32(20, 4);
    const head = [0x54, 0x5a, 0x69, 0x66, version, ...new Array(15).fill(0)];
    const times = changes.flatMap(({ at }) => {
      const time = new DataView(new ArrayBuffer(8));
      time.setBigInt64(0, BigInt(at));
      return [...new Uint8Array(time.buffer)].slice(8 - width);
    });
    const kinds = types.flatMap(([offset, isSummer]) => {
      const type = new DataView(new ArrayBuffer(6));
      type.setInt32(0, offset);
      type.setUint8(4, isSummer);
      return [...new Uint8Array(type.buffer)];
    });
    const bytes = [...head, ...new Uint8Array(counts.buffer), ...times];
    return [...bytes, ...changes.map(({ kind }) => kind), ...kinds, 0x58, 0x58, 0x58, 0];
  };
  if (text === undefined) return Uint8Array.from(block(4));
  return Uint8Array.from([...block(4), ...block(8), ...new TextEncoder().encode(`\n${text}\n`)]);
}

const changes: readonly Change[] = [{ at: -100, kind: 1 }, { at: 200, kind: 2 }];
const types = [[-75, 0], [3600, 1], [7200, 0]] as const;

Deno.test("tzifZone() knows the times before, between and after the changes", () => {
  for (const file of [fileOf(changes, types), fileOf(changes, types, "")]) {
    const zone = tzifZone(file)!;
    assertEquals(zone(-101), { offset: -75, from: -Infinity, until: -100 });
    assertEquals(zone(-100), { offset: 3600, from: -100, until: 200 });
    assertEquals(zone(199).offset, 3600);
    assertEquals(zone(200), { offset: 7200, from: 200, until: Infinity });
  }
});

Deno.test("tzifZone() goes on after the last change as the text at the end says", () => {
  const zone = tzifZone(fileOf(changes, types, "EST5EDT,M3.2.0,M11.1.0"))!;
  assertEquals(zone(100).offset, 3600);
  assertEquals(zone(200), { offset: -18_000, from: 200, until: 5_727_600 });
  assertEquals(zone(1_784_116_800).offset, -14_400);
});

Deno.test("tzifZone() leaves what is no such file, cut or false at any place", () => {
  const file = fileOf(changes, types, "EST5EDT");
  assertEquals(tzifZone(new TextEncoder().encode("no zone ".repeat(20))), undefined);
  for (let length = 0; length < 140; length++) {
    assertEquals(tzifZone(file.subarray(0, length)), undefined, `${length} bytes`);
  }
  for (let place = 20; place < 44; place++) {
    const false_ = Uint8Array.from(file);
    false_[place] = 0xff;
    tzifZone(false_)?.(0);
  }
});
