import { assertEquals } from "@std/assert";
import { BSON } from "mongodb";
import { keepsByteOrderMark } from "../../../../lib/storage/gridfs/database/byte_order_mark.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { withSession } from "../support/buckets.ts";
import { driverWrites } from "../support/content.ts";

const MARK = "\ufeff";

Deno.test("a byte order mark at the beginning of a text stays in it, on every Deno", () => {
  assertEquals(keepsByteOrderMark, true);
  for (const text of [MARK, MARK + MARK, `${MARK}abc`, `a${MARK}`, `${MARK}${"ä".repeat(100)}`]) {
    for (const utf8 of [true, false]) {
      const bytes = BSON.serialize({ [text]: text });
      const read = BSON.deserialize(bytes, { validation: { utf8 } });
      assertEquals(Object.entries(read), [[text, text]]);
    }
  }
});

Deno.test("TextDecoder is as it was", () => {
  assertEquals(new TextDecoder().decode(new TextEncoder().encode(`${MARK}a`)), "a");
});

Deno.test({
  name: "files, directories and links may begin with a byte order mark, and lead to such",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      await s.put(`/${MARK}file`, "text");
      await s.mkdir(`/${MARK}directory`);
      await driverWrites(buckets.db, name, `${MARK}implied/${MARK}`, new Uint8Array(3));
      await storage.symlink(`${MARK}file`, `/${MARK}link`);
      assertEquals(
        await s.names("/"),
        ["directory", "file", "implied", "link"].map((entry) => MARK + entry),
      );
      assertEquals(await storage.readLink(`/${MARK}link`), `${MARK}file`);
      assertEquals(await s.get(`/${MARK}link`), "text");
      assertEquals(await s.names(`/${MARK}implied`), [MARK]);
      await storage.rename(`/${MARK}implied`, `/${MARK}renamed`);
      assertEquals((await s.bytes(`/${MARK}renamed/${MARK}`)).length, 3);
      await storage.remove(`/${MARK}file`);
      assertEquals(await s.kind(`/${MARK}file`), "nothing");
    }),
});
