import { assert, assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../../lib/storage/errors.ts";
import {
  filenameOf,
  pathOf,
  prefixOf,
  rangeOf,
  refuseUnusable,
} from "../../../lib/storage/gridfs/names.ts";

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

Deno.test("rangeOf() holds the names with a prefix and none beside them", () => {
  const { $gte, $lt } = rangeOf("a/");
  const names = ["a", "a!", "a-b", "a/", "a/\u{10ffff}", "a/b", "a0", "b"];
  assertEquals(names.filter((name) => name >= $gte && name < $lt!), [
    "a/",
    "a/\u{10ffff}",
    "a/b",
  ]);
});

Deno.test("refuseUnusable() refuses what is no text or too long", () => {
  refuseUnusable("/" + "é".repeat(127));
  for (const path of ["/\udcff", "/a/\udc80", "/" + "é".repeat(128), "/a".repeat(2500)]) {
    assertThrows(() => refuseUnusable(path), StorageError);
  }
});
