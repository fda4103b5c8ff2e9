import { assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../lib/storage/errors.ts";
import { isNamed, LinkWalk, type LinkWalkOptions, MAX_SYMLINKS } from "../../lib/storage/walk.ts";

/** What a tree holds: a directory, a file, what tells no type, or a link by its text. */
const TREE: Readonly<Record<string, "dir" | "file" | "?" | `-> ${string}`>> = {
  "/d": "dir",
  "/d/e": "dir",
  "/d/e/f": "file",
  "/file": "file",
  "/untold": "?",
  "/untold/in": "file",
  "/rel": "-> d/e",
  "/abs": "-> /d/e",
  "/closed": "-> d/",
  "/dotted": "-> d/.",
  "/here": "-> .",
  "/up": "-> ..",
  "/top": "-> /",
  "/fresh": "-> d/new",
  "/fresh-closed": "-> d/new/",
  "/to-file": "-> file",
  "/to-file-closed": "-> file/",
  "/file-dotted": "-> file/.",
  "/missing-dotted": "-> missing/.",
  "/twice": "-> rel",
  "/loop": "-> loop",
  "/empty": "-> ",
  "/d/out": "-> ../../x",
  "/d/back": "-> ../file",
  "/d/e/up": "-> ../..",
};

/** One path, and where it leads: path, name and kind, `/` where it asks for a directory. */
type Case = readonly [path: string, end: string, options?: Partial<LinkWalkOptions>];

const STAY = { follow: false };
const MAKE = { makesFile: true };
const INSIDE = { leadsOut: () => new StorageError("denied", "leads out") };

const CASES: readonly Case[] = [
  ["/", '/ "" root /'],
  ["/d", '/d "d" dir'],
  ["/d/", '/d "d" dir /'],
  ["/d/e/f", '/d/e/f "f" file'],
  ["/d/.", '/d "." dir'],
  ["/d/..", '/ ".." root'],
  ["/..", '/ ".." root'],
  ["/../../d/", '/d "d" dir /'],
  ["/d/e/../../file", '/file "file" file'],
  ["/new", '/new "new" missing'],
  ["/new/", '/new "new" missing /'],
  ["/d/new", '/d/new "new" missing'],
  ["/d/../new", '/new "new" missing'],
  // In the middle, what is missing or no directory ends the walk.
  ["/new/x", "no such file"],
  ["/new/..", "no such file"],
  ["/file/x", "not a directory"],
  ["/file/..", "not a directory"],
  ["/file/.", "not a directory"],
  // A closing slash is reported; what it asks of a file is the caller's to say.
  ["/file/", '/file "file" file /'],
  // Links.
  ["/rel", '/d/e "e" dir'],
  ["/rel/f", '/d/e/f "f" file'],
  ["/abs/f", '/d/e/f "f" file'],
  ["/rel/..", '/d ".." dir'],
  ["/twice/new", '/d/e/new "new" missing'],
  ["/d/back", '/file "file" file'],
  ["/here", '/ "." root'],
  ["/here/d", '/d "d" dir'],
  ["/up", '/ ".." root'],
  ["/up/d", '/d "d" dir'],
  ["/top", '/ "" root /'],
  ["/top/d", '/d "d" dir'],
  ["/top/..", '/ ".." root'],
  ["/d/out", '/x "x" missing'],
  ["/d/e/up", '/ ".." root'],
  ["/fresh", '/d/new "new" missing'],
  ["/fresh-closed", '/d/new "new" missing /'],
  ["/closed", '/d "d" dir /'],
  ["/closed/e", '/d/e "e" dir'],
  ["/dotted", '/d "." dir'],
  ["/to-file", '/file "file" file'],
  ["/to-file/", '/file "file" file /'],
  ["/to-file/x", "not a directory"],
  ["/to-file-closed", '/file "file" file /'],
  ["/file-dotted", "not a directory"],
  ["/missing-dotted", "no such file"],
  ["/loop", "too many links to follow"],
  ["/loop/x", "too many links to follow"],
  ["/empty", "no such file"],
  ["/empty/x", "no such file"],
  // The last link is not followed, and every other one is.
  ["/rel", '/rel "rel" link', STAY],
  ["/rel/", '/rel "rel" link /', STAY],
  ["/loop", '/loop "loop" link', STAY],
  ["/abs/f", '/d/e/f "f" file', STAY],
  ["/rel/..", '/d ".." dir', STAY],
  ["/top/rel", '/rel "rel" link', STAY],
  // A file to make has no closing slash, and that is said after what is wrong before it.
  ["/d/new", '/d/new "new" missing', MAKE],
  ["/d/new/", "is a directory", MAKE],
  ["/d/", "is a directory", MAKE],
  ["/to-file/", "is a directory", MAKE],
  ["/fresh-closed", "is a directory", MAKE],
  ["/missing/new/", "no such file", MAKE],
  ["/file/new/", "not a directory", MAKE],
  ["/d/../", '/ ".." root /', MAKE],
  ["/", '/ "" root /', MAKE],
  // A link may not climb above the root where that leads somewhere else; the client may.
  ["/..", '/ ".." root', INSIDE],
  ["/d/../../d", '/d "d" dir', INSIDE],
  ["/up", "leads out", INSIDE],
  ["/d/out", "leads out", INSIDE],
  ["/d/out", '/d/out "out" link', { ...INSIDE, ...STAY }],
  ["/d/e/up", '/ ".." root', INSIDE],
  ["/d/e/up/..", '/ ".." root', INSIDE],
  ["/rel/../../..", '/ ".." root', INSIDE],
  ["/top/../d", '/d "d" dir', INSIDE],
  // What tells no type may be a directory, which something below it proves.
  ["/untold", '/untold "untold" ?'],
  ["/untold/in", '/untold/in "in" file'],
  ["/untold/..", "not a directory"],
];

for (const names of [1, 2, Infinity]) {
  Deno.test(`LinkWalk resolves as the kernel does in a chroot, looking at ${names} names at once`, () => {
    for (const [path, end, options] of CASES) {
      assertEquals(endOf(path, names, options), end, `${path} ${Deno.inspect(options)}`);
    }
  });
}

Deno.test("LinkWalk looks at the same names one by one and ahead, up to the next dots", () => {
  const walk = new LinkWalk<string>("/d/e/../f/g", { follow: true });
  assertEquals(walk.ahead(1), ["d"]);
  assertEquals(walk.ahead(), ["d", "e"]);
  assertEquals(walk.next(), "d");
  walk.found("dir", "directory");
  walk.found("dir", "directory");
  assertEquals(walk.ahead(), ["f", "g"]);
  assertEquals(walk.path, "/d");
});

Deno.test("LinkWalk does not look ahead at a last name that it refuses", () => {
  const walk = new LinkWalk<string>("/d/new/", { follow: true, makesFile: true });
  assertEquals(walk.ahead(), ["d"]);
  walk.found("dir", "directory");
  assertThrows(() => walk.ahead(), StorageError, "is a directory");
});

Deno.test("LinkWalk tells whose text is needed", () => {
  const walk = new LinkWalk<string>("/a/b", { follow: false });
  assertEquals([walk.isLast, walk.follows], [false, true]);
  walk.link("/c");
  walk.found("dir", "directory");
  assertEquals([walk.isLast, walk.follows], [true, false]);
});

Deno.test("LinkWalk knows the directory of the last name, and none where there is no name", () => {
  const walk = new LinkWalk<string>("/a/b", { follow: true });
  walk.found("A", "directory");
  walk.link("../a/c");
  walk.next();
  walk.found("A", "directory");
  walk.missing();
  assertEquals([walk.next(), walk.parent, walk.at, walk.name], [undefined, "A", undefined, "c"]);
  const up = new LinkWalk<string>("/a/b/..", { follow: true });
  up.found("A", "directory");
  up.found("B", "directory");
  assertEquals([up.next(), up.parent, up.at, isNamed(up)], [undefined, "A", "A", false]);
});

Deno.test("LinkWalk takes what held something for a directory", () => {
  const walk = new LinkWalk<string>("/a/b/../new", { follow: true });
  walk.found("?", "unknown");
  assertEquals(walk.isInDirectory, false);
  walk.found("dir", "directory");
  assertEquals([walk.next(), walk.isInDirectory], ["new", true]);
});

Deno.test("LinkWalk follows 40 links and no more", () => {
  assertEquals(MAX_SYMLINKS, 40);
  const walk = new LinkWalk<string>("/a", { follow: true });
  for (let links = 0; links < 40; links++) walk.link("a");
  assertThrows(() => walk.link("a"), StorageError, "too many links to follow");
});

function endOf(path: string, names: number, options?: Partial<LinkWalkOptions>): string {
  const walk = new LinkWalk<string>(path, { follow: true, ...options });
  try {
    while (lookAt(walk, names));
  } catch (error) {
    if (error instanceof StorageError) return error.message;
    throw error;
  }
  const kind = walk.at ?? (isNamed(walk) ? "missing" : "root");
  return `${walk.path} "${walk.name}" ${kind}${walk.slash ? " /" : ""}`;
}

/** Looks at some names, as a backend does; false at the end. */
function lookAt(walk: LinkWalk<string>, names: number): boolean {
  const run = walk.ahead(names);
  let path = walk.path;
  for (const name of run) {
    path = `${path === "/" ? "" : path}/${name}`;
    const there = TREE[path];
    if (there === undefined) {
      walk.missing();
    } else if (there.startsWith("-> ")) {
      if (walk.follows) {
        walk.link(there.slice(3));
        return true;
      }
      walk.found("link", "other");
    } else {
      walk.found(there, there === "dir" ? "directory" : there === "?" ? "unknown" : "other");
    }
  }
  return run.length > 0;
}
