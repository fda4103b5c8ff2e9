import { assert, assertEquals } from "@std/assert";
import { FileType } from "../../../../lib/attrs.ts";
import { decodeName } from "../../../../lib/names.ts";
import { openLibc } from "../../../../lib/linux/libc.ts";
import { type KernelRoot } from "../../../../lib/storage/local/kernel/root.ts";
import { needs } from "../../../support/programs.ts";
import { how } from "../../../../lib/testing/subject.ts";
import { assertFails, failure, get, namesIn, put, run, withRoot } from "../places.ts";

const libc = openLibc();
const BUSY = "failure: temporarily unavailable";

Deno.test("realPath() leads to what the kernel opens, in trees made at random", () => {
  const segments = ["a", "b", "c", "d", "..", "..", "x"];
  const pick = (from: readonly string[]) => from[Math.floor(Math.random() * from.length)]!;
  const path = () => Array.from({ length: 1 + Math.random() * 5 }, () => pick(segments)).join("/");
  for (let round = 0; round < 60; round++) {
    withRoot(libc, (root) => {
      let time = 1000;
      for (let made = 0; made < 40; made++) {
        const at = "/" + path();
        const text = (Math.random() < 0.5 ? "/" : "") + path();
        if (Math.random() < 0.4) failure(() => root.mkdir(at, 0o777));
        else if (Math.random() < 0.7) failure(() => root.symlink(text, at));
        else failure(() => put(root, at));
      }
      // Each node gets a time of its own, to be known by.
      for (const line of walk(root, "/")) root.lutimes(line, time, time++);
      for (let tries = 0; tries < 200; tries++) {
        const asked = "/" + path() + (Math.random() < 0.2 ? "/" : "");
        let mtime: number | undefined;
        let real = "";
        const why = failure(() => mtime = root.stat(asked).mtime);
        const whyReal = failure(() => real = root.realPath(asked));
        // Where somebody renames without a pause, anywhere on the machine, the kernel finds no
        // moment for a way through very many links.
        if (why === BUSY || whyReal === BUSY) continue;
        if (why === undefined) {
          assertEquals([whyReal, root.lstat(real).mtime], [why, mtime], `${asked} is not ${real}`);
        } else if (whyReal === undefined) {
          assertEquals(why, "not-found: no such file", asked);
          assertFails(() => root.lstat(real), "not-found: no such file", asked);
        } else assertEquals(whyReal, why, asked);
      }
    });
  }
});

function walk(root: KernelRoot, directory: string): string[] {
  return namesIn(root, directory).flatMap((name) => {
    const path = directory === "/" ? `/${name}` : `${directory}/${name}`;
    const isDirectory = (root.lstat(path).permissions & FileType.MASK) === FileType.DIRECTORY;
    return isDirectory ? [path, ...walk(root, path)] : [path];
  });
}

Deno.test("realPath() lets only the last segment be missing", () => {
  withRoot(libc, (root) => {
    root.mkdir("/d", 0o777);
    root.symlink("/d/later", "/dangling");
    root.symlink("/no/later", "/lost");
    put(root, "/file");
    assertEquals(root.realPath("/d/new"), "/d/new");
    assertEquals(root.realPath("/d/../new/"), "/new");
    assertEquals(root.realPath("/dangling"), "/d/later");
    assertFails(() => root.realPath("/no/new"), "not-found: no such file");
    assertFails(() => root.realPath("/no/.."), "not-found: no such file");
    assertFails(() => root.realPath("/lost"), "not-found: no such file");
    assertFails(() => root.realPath("/file/.."), "not-found: not a directory");
    assertFails(() => root.realPath("/file/"), "not-found: not a directory");
    assertFails(() => root.realPath("/file/new"), "not-found: not a directory");
  });
});

Deno.test("a loop of links, and 41 in a row, are too many", () => {
  withRoot(libc, (root) => {
    root.symlink("b", "/a");
    root.symlink("a", "/b");
    root.symlink("self/more", "/self");
    put(root, "/link0", "end");
    for (let index = 1; index <= 41; index++) root.symlink(`link${index - 1}`, `/link${index}`);
    const tooMany = "not-found: too many links to follow";
    for (const path of ["/a", "/a/x", "/self", "/link41"]) {
      assertFails(() => root.stat(path), tooMany, path);
      assertFails(() => root.open(path, how("read"), 0), tooMany, path);
      assertFails(() => root.realPath(path), tooMany, path);
    }
    assertEquals(get(root, "/link40"), "end");
    assertEquals(root.realPath("/link40"), "/link0");
    assertEquals(root.readLink("/a"), "b");
  });
});

Deno.test("a closing slash means a directory, as POSIX has it", () => {
  withRoot(libc, (root) => {
    root.mkdir("/d", 0o777);
    root.symlink("d", "/link");
    put(root, "/file");
    root.symlink("file", "/to-file");
    assertEquals(root.lstat("/link/"), root.stat("/d"));
    const notDirectory = "not-found: not a directory";
    for (const path of ["/file/", "/to-file/"]) {
      assertFails(() => root.stat(path), notDirectory, path);
      assertFails(() => root.lstat(path), notDirectory, path);
      assertFails(() => root.unlink(path), notDirectory, path);
      assertFails(() => root.rmdir(path), notDirectory, path);
      assertFails(() => root.rename(path, "/new"), notDirectory, path);
      assertFails(() => root.renameNoReplace(path, "/new"), notDirectory, path);
      assertFails(() => root.link(path, "/new"), notDirectory, path);
      assertFails(() => root.readLink(path), notDirectory, path);
      assertFails(() => root.truncate(path, 1), notDirectory, path);
    }
    assertFails(() => root.unlink("/link/"), notDirectory);
    assertFails(() => root.rename("/link/", "/new"), notDirectory);
    assertFails(() => root.readLink("/link/"), "invalid: invalid argument");
    assertFails(() => root.link("/link/", "/new"), "denied: operation not permitted");
    assertFails(() => put(root, "/new/"), "failure: is a directory");
    assertFails(() => root.symlink("text", "/new/"), "not-found: no such file");
    root.mkdir("/x/", 0o777);
    root.rename("/x/", "/y/");
    root.renameNoReplace("/y/", "/x/");
    root.rmdir("/x/");
    assertEquals(namesIn(root, "/"), ["d", "file", "link", "to-file"]);
  });
});

Deno.test("the root itself and `..` can be neither made, removed, renamed nor linked", () => {
  withRoot(libc, (root) => {
    root.mkdir("/d", 0o777);
    put(root, "/file");
    for (const path of ["/", "/..", "/d/..", "/d/../", "/../.."]) {
      assertFails(() => root.mkdir(path, 0o777), "failure: file exists", path);
      assertFails(() => root.symlink("text", path), "failure: file exists", path);
      assertFails(() => root.link("/file", path), "failure: file exists", path);
      assertFails(() => root.unlink(path), "failure: is a directory", path);
      assertFails(() => root.rename(path, "/new"), "failure: in use by the system", path);
      assertFails(() => root.readLink(path), "invalid: invalid argument", path);
      assertFails(() => root.link(path, "/new"), "denied: operation not permitted", path);
      assert(failure(() => root.renameNoReplace(path, "/new")) !== undefined, path);
      assert(failure(() => root.rename("/file", path)) !== undefined, path);
    }
    assertFails(() => root.rmdir("/"), "failure: in use by the system");
    assertFails(() => root.rmdir("/d/.."), "failure: directory not empty");
    assertFails(() => root.rmdir("/no/.."), "not-found: no such file");
  });
});

Deno.test("names of any bytes are made, listed, renamed and removed byte for byte", {
  ...needs("find"),
}, () => {
  withRoot(libc, (root, { jail }) => {
    const names = new Set([
      "caf\udce9",
      "\udcff\udcfe",
      "ä\udc80日本",
      "line\nbreak",
      " ",
      "\udc80",
    ]);
    for (let made = 0; made < 200; made++) {
      const bytes = crypto.getRandomValues(new Uint8Array(1 + Math.floor(Math.random() * 30)));
      names.add(decodeName(bytes.map((byte) => byte === 0 || byte === 0x2f ? 0xe9 : byte)));
    }
    names.delete(".");
    names.delete("..");
    names.delete("d"); // the directory below has this name
    for (const name of names) put(root, `/${name}`, name);
    const sorted = [...names].sort();
    assertEquals(namesIn(root, "/"), sorted);
    assertEquals(namesOnDisk(jail), sorted);
    root.mkdir("/d", 0o777);
    for (const name of names) {
      assertEquals(get(root, `/${name}`), name);
      assertEquals(root.realPath(`/${name}`), `/${name}`);
      root.renameNoReplace(`/${name}`, `/d/${name}`);
    }
    assertEquals(namesOnDisk(`${jail}/d`), sorted);
    for (const name of names) {
      root.symlink(name, "/link");
      assertEquals(root.readLink("/link"), name);
      root.unlink("/link");
      root.unlink(`/d/${name}`);
    }
    assertEquals(namesOnDisk(jail), ["d"]);
  });
});

function namesOnDisk(directory: string): string[] {
  const found = run("find", directory, "-mindepth", "1", "-printf", "%f\\0");
  return decodeName(found).split("\0").slice(0, -1).sort();
}

Deno.test("a name of 255 bytes works, one of 256 and a path of 5,000 are too long", () => {
  withRoot(libc, (root) => {
    const longest = "/" + "n".repeat(255);
    const two = "/" + "ä".repeat(128);
    put(root, longest, "content");
    assertEquals([get(root, longest), root.stat(longest).size], ["content", 7]);
    const tooLong = "invalid: name too long";
    const segments = "/d".repeat(2500);
    for (const path of [longest + "n", two, segments, "/" + "n".repeat(5000), "/ä".repeat(1500)]) {
      assertFails(() => root.stat(path), tooLong);
      assertFails(() => root.lstat(path), tooLong);
      assertFails(() => put(root, path), tooLong);
      assertFails(() => root.mkdir(path, 0o777), tooLong);
      assertFails(() => root.rename(longest, path), tooLong);
      assertFails(() => root.unlink(path), tooLong);
      assertFails(() => root.realPath(path), tooLong);
    }
    assertFails(() => root.symlink("t".repeat(4096), "/link"), tooLong);
    root.symlink("t".repeat(4095), "/link");
    assertEquals(root.readLink("/link"), "t".repeat(4095));
  });
});
