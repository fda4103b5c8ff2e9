import { assert, assertEquals, assertThrows } from "@std/assert";
import { Globs } from "../../lib/policy/glob.ts";

function matches(pattern: string, ...paths: readonly string[]): string[] {
  const globs = new Globs([pattern]);
  return paths.map((path) => globs.at(path).match);
}

Deno.test("Globs.at() matches a pattern without a slash at any depth", () => {
  assertEquals(matches("*.key", "/a.key", "/x/y/a.key", "/a.keys", "/.key", "/"), [
    "itself",
    "itself",
    "none",
    "itself",
    "none",
  ]);
  assertEquals(matches("private/", "/private", "/x/private/y"), ["itself", "through"]);
});

Deno.test("Globs.at() matches a pattern with a slash from the root", () => {
  for (const pattern of ["/a/b", "a/b", "/a/b/"]) {
    assertEquals(matches(pattern, "/a/b", "/a", "/x/a/b", "/a/b/c", "/a/bc"), [
      "itself",
      "none",
      "none",
      "through",
      "none",
    ]);
  }
  assertEquals(matches("/a", "/a", "/x/a"), ["itself", "none"]);
});

Deno.test("Globs.at() knows each sign", () => {
  const table: [pattern: string, yes: string[], no: string[]][] = [
    ["*", ["/a", "/.a"], ["/"]],
    [".*", ["/.a", "/x/.ssh"], ["/a.", "/a"]],
    ["a*c", ["/ac", "/abc", "/a.b.c"], ["/ab", "/bac", "/a/c"]],
    ["a**c", ["/ac", "/abbc"], ["/a/c"]],
    ["*a*b*", ["/ab", "/xaxbx"], ["/ba"]],
    ["?", ["/a", "/ü", "/😀", "/\udc80"], ["/ab"]],
    ["[abc]", ["/a", "/c"], ["/d", "/ab", "/A"]],
    ["[a-c][!0-9]", ["/ax", "/c-"], ["/a1", "/dx"]],
    ["[^a]", ["/b"], ["/a"]],
    ["[]x]", ["/]", "/x"], ["/a"]],
    ["[!]]", ["/a"], ["/]"]],
    ["[a-]", ["/a", "/-"], ["/b"]],
    [String.raw`[\]a]`, ["/]", "/a"], ["/\\"]],
    ["{a,b}.txt", ["/a.txt", "/b.txt"], ["/c.txt", "/a,b.txt"]],
    ["{a,b{1,2}}", ["/a", "/b1", "/b2"], ["/b"]],
    ["x{,y}", ["/x", "/xy"], ["/xyy"]],
    ["{a/b,c}", ["/a/b", "/x/c"], ["/x/a/b"]],
    ["[{]", ["/{"], ["/["]],
    [String.raw`\*`, ["/*"], ["/a"]],
    [String.raw`\{a,b\}`, ["/{a,b}"], ["/a"]],
    ["/**/a", ["/a", "/x/a", "/x/y/a"], ["/x"]],
    ["/a/**", ["/a/b", "/a/b/c"], ["/a", "/b"]],
    ["/a/**/b", ["/a/b", "/a/x/b", "/a/x/y/b"], ["/a", "/b", "/x/a/b"]],
    ["/*/b", ["/a/b", "/.a/b"], ["/b", "/a/a/b"]],
    ["GEHEIM", ["/GEHEIM"], ["/geheim"]],
    ["a.b", ["/a.b"], ["/axb"]],
    ["Grüße", ["/Grüße"], ["/Gru\u0308ße"]],
  ];
  for (const [pattern, yes, no] of table) {
    for (const path of yes) assert(matches(pattern, path)[0] !== "none", `${pattern} on ${path}`);
    for (const path of no) assertEquals(matches(pattern, path), ["none"], `${pattern} on ${path}`);
  }
});

Deno.test("Globs.at() sees that a path leads through a folder, and back out of it", () => {
  assertEquals(matches("/a", "/a/../b", "/b/../a", "/b/../../a/x", "/a/", "/a/."), [
    "through",
    "itself",
    "through",
    "itself",
    "itself",
  ]);
});

Deno.test("Globs.at() is fast for a name that almost matches many stars", () => {
  const name = "a".repeat(100_000);
  assertEquals(matches("*a*a*a*a*a*a*b", `/${name}`), ["none"]);
});

Deno.test("PatternState.isLike() says whether names below match the same", () => {
  const globs = new Globs(["*.key", "/a/*.txt", "/x/**/y/z"]);
  const alike = (one: string, two: string) => globs.at(one).state.isLike(globs.at(two).state);
  assertEquals(alike("/b", "/c"), true);
  assertEquals(alike("/b", "/deep/er"), true);
  assertEquals(alike("/a", "/c"), false);
  assertEquals(alike("/a", "/x"), false);
  assertEquals(alike("/x/1", "/x/2/3"), true);
  assertEquals(alike("/x/1", "/x/y"), false);
});

Deno.test("Globs refuses what is not a pattern, and says why", () => {
  const table: [pattern: string, why: string][] = [
    ["", "an empty name"],
    ["/", "an empty name"],
    ["a//b", "an empty name"],
    ["a/../b", "an empty name"],
    ["./a", "an empty name"],
    ["[a", '"[" is not closed'],
    ["[]", '"[" is not closed'],
    ["{a,b", '"{" is not closed'],
    ["a}", '"}" has no "{"'],
    ["a\\", 'nothing follows "\\"'],
    ["[z-a]", "goes backwards"],
    ["{0,1,2,3,4,5,6,7,8,9}".repeat(4), "too many choices"],
  ];
  for (const [pattern, why] of table) {
    assertThrows(() => new Globs([pattern]), SyntaxError, why, pattern);
  }
});
