import { assert, assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import {
  filenameOf,
  pathOf,
  prefixOf,
  rangeOf,
  refuseUnusable,
} from "../../../../lib/storage/gridfs/tree/names.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { withSession } from "../support/buckets.ts";

/** Filenames and the paths at which they are seen. */
const SEEN: readonly (readonly [filename: string, path: string])[] = [
  ["a", "/a"],
  ["a/b", "/a/b"],
  ["/a", "/%/a"],
  ["//a", "/%/%/a"],
  ["a//b", "/a/%/b"],
  ["a/", "/a/%"],
  ["", "/%"],
  ["/", "/%/%"],
  [".", "/%."],
  ["..", "/%.."],
  ["a/../b", "/a/%../b"],
  ["%", "/%%"],
  ["%.", "/%%."],
  ["%%..", "/%%%.."],
  ["...", "/..."],
  ["%41", "/%41"],
  ["a%", "/a%"],
  [".hidden", "/.hidden"],
];

Deno.test("pathOf() gives each filename a path that a client can send", () => {
  for (const [filename, path] of SEEN) assertEquals(pathOf(filename), path);
  const paths = SEEN.map(([, path]) => path);
  assertEquals(new Set(paths).size, paths.length);
  for (const path of paths) assert(!/\/(\/|\.{1,2}(\/|$)|$)/.test(path), path);
});

Deno.test("filenameOf() leads from the path back to the filename", () => {
  for (const [filename, path] of SEEN) assertEquals(filenameOf(path), filename);
});

Deno.test("prefixOf() begins the filenames of what is in a directory", () => {
  assertEquals(["/", "/a", "/a/b", "/%", "/%../a"].map(prefixOf), ["", "a/", "a/b/", "/", "../a/"]);
});

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
