import { assert, assertEquals } from "@std/assert";
import { filenameOf, movedPath, pathOf, prefixOf } from "../../../lib/storage/remote/names.ts";

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

Deno.test("movedPath() moves what is renamed and what is below it, and nothing else", () => {
  const paths = ["/a", "/a/b", "/ab", "/"].map((path) => movedPath(path, "/a", "/c/d"));
  assertEquals(paths, ["/c/d", "/c/d/b", undefined, undefined]);
});
