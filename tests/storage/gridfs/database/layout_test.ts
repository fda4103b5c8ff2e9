import { assertEquals, assertThrows } from "@std/assert";
import { Decimal128, Double, Int32, Long } from "mongodb";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { bytesOf } from "../../../../lib/testing/subject.ts";
import { layoutOf, problemWithLayout } from "../../../../lib/storage/gridfs/database/layout.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { type Session, withSession } from "../support/buckets.ts";
import { driverWrites, open } from "../support/content.ts";

Deno.test("layoutOf() accepts whole numbers of every type", () => {
  for (
    const five of [5, 5n, Long.fromNumber(5), new Int32(5), new Double(5), new Decimal128("5")]
  ) {
    assertEquals(layoutOf({ length: five, chunkSize: five }), { length: 5, chunkSize: 5 });
  }
  assertEquals(layoutOf({ length: 0, chunkSize: 1 }), { length: 0, chunkSize: 1 });
});

Deno.test("layoutOf() refuses what is not a size, and shows it", () => {
  const told = (length: unknown, ...[chunkSize]: readonly unknown[]) =>
    assertThrows(() => layoutOf({ length, chunkSize }), StorageError).message;
  assertEquals(told(undefined), "the file's document has no length");
  assertEquals(told(null), "the file's document has the length null");
  assertEquals(told(-1), "the file's document has the length -1");
  assertEquals(told(1.5), "the file's document has the length 1.5");
  assertEquals(told(NaN), "the file's document has the length NaN");
  assertEquals(told("5"), 'the file\'s document has the length "5"');
  assertEquals(told(Long.MAX_VALUE), "the file's document has the length 9223372036854775807");
  assertEquals(told(2 ** 40, 1), "the file's document has the length 1099511627776");
  assertEquals(told(1), "the file's document has no chunkSize");
  assertEquals(told(1, 0), "the file's document has the chunkSize 0");
  assertEquals(told(2 ** 30, 2 ** 30), "the file's document has the chunkSize 1073741824");
  assertEquals(problemWithLayout({ length: "x".repeat(100), chunkSize: 1 })?.length, 76);
});

/** Fields that a file's document has, and why it cannot be read. */
const UNSOUND: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["no length", { length: undefined }, "the file's document has no length"],
  ["length null", { length: null }, "the file's document has the length null"],
  ["length -1", { length: -1 }, "the file's document has the length -1"],
  ["length 1.5", { length: 1.5 }, "the file's document has the length 1.5"],
  ["length text", { length: "5" }, 'the file\'s document has the length "5"'],
  ["no chunkSize", { chunkSize: undefined }, "the file's document has no chunkSize"],
  ["chunkSize 0", { chunkSize: 0 }, "the file's document has the chunkSize 0"],
  ["chunkSize text", { chunkSize: "x" }, 'the file\'s document has the chunkSize "x"'],
];

/** Writes a file, and puts other values into its document. */
async function spoil(
  { buckets, name }: Session,
  filename: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const _id = await driverWrites(buckets.db, name, filename, bytesOf("content"));
  const files = buckets.db.collection(`${name}.files`);
  for (const [field, value] of Object.entries(fields)) {
    const change = value === undefined ? { $unset: { [field]: "" } } : { $set: { [field]: value } };
    await files.updateOne({ _id }, change);
  }
}

Deno.test({
  name:
    "a file whose document is unsound is listed and can be replaced, but opening it says why not",
  ...needsMongo(),
  fn: () =>
    withSession(async (session) => {
      const { storage, s } = session;
      for (const [filename, fields] of UNSOUND) await spoil(session, filename, fields);
      await s.put("/sound", "sound");
      assertEquals(await s.names("/"), [...UNSOUND.map(([name]) => name), "sound"].sort());
      for (const [filename, _fields, reason] of UNSOUND) {
        const path = "/" + filename;
        assertEquals(await s.kind(path), "file");
        for (const flags of [["read"], ["write"], ["read", "write", "append"]] as const) {
          await s.refuses("failure", reason, () => open(storage, path, ...flags));
        }
        await s.refuses("failure", reason, () => storage.setAttrs(path, { size: 3 }));
        await storage.setAttrs(path, { permissions: 0o600 });
        assertEquals(await s.mode(path), 0o600);
        await s.put(path, "anew");
        assertEquals(await s.get(path), "anew");
      }
    }),
});
