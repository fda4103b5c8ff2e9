import { assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { rangeOf, refuseUnusable } from "../../../../lib/storage/gridfs/tree/names.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { withSession } from "../support/buckets.ts";

Deno.test("rangeOf() contains exactly the names with a prefix", () => {
  const { $gte, $lt } = rangeOf("a/");
  const names = ["a", "a!", "a-b", "a/", "a/\u{10ffff}", "a/b", "a0", "b"];
  assertEquals(names.filter((name) => name >= $gte && name < $lt!), [
    "a/",
    "a/\u{10ffff}",
    "a/b",
  ]);
});

Deno.test("refuseUnusable() refuses what is not text or too long", () => {
  refuseUnusable("/" + "é".repeat(127));
  for (const path of ["/\udcff", "/a/\udc80", "/" + "é".repeat(128), "/a".repeat(2500)]) {
    assertThrows(() => refuseUnusable(path), StorageError);
  }
});

Deno.test({
  name: "files whose names are not text are in no directory, and imply none",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const files = buckets.db.collection(`${name}.files`);
      const names = [["a", "zz"], ["a", "d/x"], 5, null, undefined, { a: 1 }, []];
      for (const filename of names) {
        const file = { length: 0, chunkSize: 5, uploadDate: new Date(Date.now() + 1e6) };
        await files.insertOne(filename === undefined ? file : { ...file, filename });
      }
      for (const path of ["/a", "/zz", "/d", "/q", "/d/x"]) {
        assertEquals(await s.kind(path), "nothing", path);
      }
      assertEquals(await s.names("/"), []);
      await s.put("/a", "text");
      assertEquals(await s.names("/"), ["a"]);
      assertEquals(await s.get("/a"), "text");
      await storage.mkdir("/d", {});
      await storage.rename("/a", "/d/x");
      await storage.rename("/d", "/e");
      assertEquals(await s.names("/e"), ["x"]);
      await storage.remove("/e/x");
      await storage.rmdir("/e");
      assertEquals(await files.countDocuments({}), names.length);
    }),
});
