import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";
import { how, kindOf } from "../subject.ts";

/** What `realPath` makes of a path. */
export const paths: Group = {
  name: "paths",
  cases: {
    "realPath() of the root is the root": {
      tree: {},
      async run(s) {
        assertEquals(await s.storage.realPath("/"), "/");
      },
    },
    "realPath() of what is there is its path": {
      tree: { d: { a: "" } },
      async run(s) {
        assertEquals(await s.storage.realPath("/d"), "/d");
        assertEquals(await s.storage.realPath("/d/a"), "/d/a");
      },
    },
    "realPath() takes a last segment that is not there": {
      tree: { d: {} },
      async run(s) {
        assertEquals(await s.storage.realPath("/new"), "/new");
        assertEquals(await s.storage.realPath("/d/new"), "/d/new");
      },
    },
    "realPath() in a directory that is not there is not-found": {
      tree: {},
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.realPath("/no/new"));
      },
    },
    "realPath() below a file is not-found": {
      tree: { a: "" },
      async run(s) {
        await s.refuses("not-found", "not a directory", () => s.storage.realPath("/a/b"));
      },
    },
    "realPath() follows links, on the way and at the end": {
      needs: ["links"],
      async run(s) {
        await s.mkdir("/d", "/d/e");
        await s.put("/d/e/a");
        await s.storage.symlink("/d/e", "/link");
        await s.storage.symlink("e/../e/./a", "/d/file link");
        assertEquals(await s.storage.realPath("/link"), "/d/e");
        assertEquals(await s.storage.realPath("/link/a"), "/d/e/a");
        assertEquals(await s.storage.realPath("/link/new"), "/d/e/new");
        assertEquals(await s.storage.realPath("/d/file link"), "/d/e/a");
      },
    },
    "realPath() of links in a loop is not-found": {
      needs: ["links"],
      async run(s) {
        await s.storage.symlink("b", "/a");
        await s.storage.symlink("a", "/b");
        await s.refuses("not-found", "too many links to follow", () => s.storage.realPath("/a"));
      },
    },
  },
};

/** `..` and a closing `/`, for storages that resolve them. */
export const parents: Group = {
  name: "parents",
  needs: ["resolvesParents"],
  cases: {
    "`..` is the directory above, and the root above itself": {
      tree: { d: { e: {} }, a: "content" },
      async run(s) {
        assertEquals(await s.get("/d/e/../../a"), "content");
        assertEquals(await s.get("/../../a"), "content");
        assertEquals(await s.storage.realPath("/d/e/.."), "/d");
        assertEquals(await s.storage.realPath("/.."), "/");
        assertEquals(kindOf(await s.storage.lstat("/d/..")), "directory");
      },
    },
    "`..` after a link is the parent of what the link leads to": {
      needs: ["links"],
      async run(s) {
        await s.mkdir("/d", "/d/e");
        await s.put("/a", "outer");
        await s.put("/d/a", "inner");
        await s.storage.symlink("d/e", "/link");
        assertEquals(await s.get("/link/../a"), "inner");
        assertEquals(await s.storage.realPath("/link/../a"), "/d/a");
        assertEquals(await s.storage.realPath("/link/.."), "/d");
        await s.put("/link/../b", "made");
        assertEquals(await s.get("/d/b"), "made");
        await s.storage.remove("/link/../b");
        assertEquals(await s.names("/d"), ["a", "e"]);
      },
    },
    "`..` after what is not a directory is not-found": async (s) => {
      await s.put("/a");
      await s.refuses("not-found", "not a directory", () => s.storage.stat("/a/.."));
      await s.refuses("not-found", "no such file", () => s.storage.stat("/no/.."));
      await s.refuses("not-found", "no such file", () => s.storage.mkdir("/no/../d", {}));
    },
    "`..` as the last name is there already, and cannot be removed": async (s) => {
      await s.mkdir("/d", "/d/e");
      await s.refuses("failure", "", () => s.storage.mkdir("/d/e/..", {}));
      await s.refuses("failure", "", () => s.storage.rmdir("/d/e/.."));
      await s.refuses("failure", "", () => s.storage.remove("/d/e/.."));
      assertEquals(await s.names("/d"), ["e"]);
    },
    "a closing `/` finds a directory": {
      tree: { d: { a: "" } },
      async run(s) {
        assertEquals(kindOf(await s.storage.stat("/d/")), "directory");
        assertEquals(await s.names("/d/"), ["a"]);
        assertEquals(await s.storage.realPath("/d/"), "/d");
      },
    },
    "a closing `/` after a file is not-found": async (s) => {
      await s.put("/a", "content");
      const reason = "not a directory";
      await s.refuses("not-found", reason, () => s.storage.stat("/a/"));
      await s.refuses("not-found", reason, () => s.storage.lstat("/a/"));
      await s.refuses("not-found", reason, () => s.storage.open("/a/", how("read")));
      await s.refuses("not-found", reason, () => s.storage.setAttrs("/a/", { size: 0 }));
      await s.refuses("not-found", reason, () => s.storage.remove("/a/"));
      await s.refuses("not-found", reason, () => s.storage.rename("/a/", "/b"));
      await s.refuses("not-found", reason, () => s.storage.rename("/a", "/b/"));
      assertEquals([await s.names("/"), await s.get("/a")], [["a"], "content"]);
    },
    "lstat() with a closing `/` follows a link": {
      needs: ["links"],
      async run(s) {
        await s.mkdir("/d");
        await s.storage.symlink("d", "/link");
        assertEquals(kindOf(await s.storage.lstat("/link")), "link");
        assertEquals(kindOf(await s.storage.lstat("/link/")), "directory");
      },
    },
    "readLink() with a closing `/` finds the directory, which is not a link": {
      needs: ["links"],
      async run(s) {
        await s.mkdir("/d");
        await s.storage.symlink("d", "/link");
        await s.refuses("invalid", "invalid argument", () => s.storage.readLink("/link/"));
      },
    },
    "remove() with a closing `/` removes no link": {
      needs: ["links"],
      async run(s) {
        await s.mkdir("/d");
        await s.storage.symlink("d", "/link");
        await s.refuses("not-found", "not a directory", () => s.storage.remove("/link/"));
        assertEquals(await s.kind("/link"), "link");
      },
    },
    "open() with create makes no file of a name with a closing `/`": async (s) => {
      const options = how("write", "create");
      await s.refuses("failure", "is a directory", () => s.storage.open("/new/", options));
      assertEquals(await s.names("/"), []);
    },
    "mkdir(), rename() and rmdir() take directories with a closing `/`": async (s) => {
      await s.storage.mkdir("/d/", {});
      await s.storage.rename("/d/", "/e/");
      assertEquals(await s.names("/"), ["e"]);
      await s.storage.rmdir("/e/");
      assertEquals(await s.names("/"), []);
    },
  },
};
