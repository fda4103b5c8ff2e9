import { assertEquals } from "@std/assert";
import { OwnNames } from "../../lib/policy/own_names.ts";

function owned(names: OwnNames, ...paths: readonly string[]): boolean[] {
  return paths.map((path) => names.has(path));
}

Deno.test("OwnNames.move() takes along what is below, and drops what was there", () => {
  const names = new OwnNames();
  names.add("/d", "directory");
  names.add("/d/f", "file");
  names.add("/dd", "file");
  names.add("/e/old", "file");
  names.move("/d", "/e");
  assertEquals(owned(names, "/e", "/e/f", "/dd"), [true, true, true]);
  assertEquals(owned(names, "/d", "/d/f", "/e/old"), [false, false, false]);
  assertEquals([names.isFile("/e"), names.isFile("/e/f")], [false, true]);
});

Deno.test("OwnNames.move() makes nothing of others the session's own", () => {
  const names = new OwnNames();
  names.add("/d/f", "file");
  names.move("/foreign", "/d");
  assertEquals(owned(names, "/d", "/d/f"), [false, false]);
});

Deno.test("OwnNames.move() of a path to itself keeps it", () => {
  const names = new OwnNames();
  names.add("/f", "file");
  names.move("/f", "/f");
  assertEquals(names.isFile("/f"), true);
});

Deno.test("OwnNames.add() knows nothing more of what was below", () => {
  const names = new OwnNames();
  names.add("/d/f", "file");
  names.add("/d", "directory");
  assertEquals(owned(names, "/d", "/d/f"), [true, false]);
});
