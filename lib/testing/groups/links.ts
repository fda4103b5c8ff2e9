import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";
import { bytesOf, how, kindOf } from "../subject.ts";

/** Symbolic links. */
export const links: Group = {
  name: "links",
  needs: ["links"],
  cases: {
    "symlink() keeps its text unchanged": async (s) => {
      const texts = ["a", "/a", "../a", "./d//a", "d/", "no such name", "/", "ä/ö"];
      for (const [index, text] of texts.entries()) {
        await s.storage.symlink(text, `/link${index}`);
        assertEquals(await s.storage.readLink(`/link${index}`), text);
      }
    },
    "symlink() fails where there is something, and keeps it": async (s) => {
      await s.mkdir("/d");
      await s.put("/a", "content");
      await s.storage.symlink("old", "/link");
      for (const path of ["/a", "/d", "/link"]) {
        await s.refuses("failure", "file exists", () => s.storage.symlink("new", path));
      }
      assertEquals([await s.get("/a"), await s.storage.readLink("/link")], ["content", "old"]);
    },
    "symlink() in a directory that is not there is not-found": async (s) => {
      await s.refuses("not-found", "no such file", () => s.storage.symlink("a", "/no/link"));
    },
    "stat() follows a link and lstat() does not": async (s) => {
      await s.put("/a", "content");
      await s.storage.symlink("a", "/link");
      assertEquals(await s.storage.stat("/link"), await s.storage.stat("/a"));
      assertEquals(kindOf(await s.storage.lstat("/link")), "link");
    },
    "a dangling link is not-found, yet exists": async (s) => {
      await s.storage.symlink("no", "/link");
      await s.refuses("not-found", "no such file", () => s.storage.stat("/link"));
      await s.refuses("not-found", "no such file", () => s.storage.open("/link", how("read")));
      await s.refuses("not-found", "no such file", () => s.storage.openDir("/link"));
      assertEquals(await s.kind("/link"), "link");
      assertEquals(await s.names("/"), ["link"]);
    },
    "open() reads and writes through a link": async (s) => {
      await s.mkdir("/d");
      await s.put("/d/a", "content");
      await s.storage.symlink("d/a", "/link");
      assertEquals(await s.get("/link"), "content");
      await s.put("/link", "changed");
      assertEquals(await s.get("/d/a"), "changed");
      assertEquals(await s.kind("/link"), "link");
    },
    "open() with create through a link that leads nowhere makes its target": async (s) => {
      await s.mkdir("/d");
      await s.storage.symlink("d/a", "/link");
      await s.put("/link", "content");
      assertEquals(await s.get("/d/a"), "content");
      assertEquals(await s.kind("/link"), "link");
    },
    "open() with create and exclusive fails at a link, wherever it leads": async (s) => {
      await s.put("/a");
      await s.storage.symlink("a", "/link");
      await s.storage.symlink("no", "/dangling");
      const options = how("write", "create", "exclusive");
      await s.refuses("failure", "file exists", () => s.storage.open("/link", options));
      await s.refuses("failure", "file exists", () => s.storage.open("/dangling", options));
      assertEquals(await s.kind("/no"), "nothing");
    },
    "mkdir() at a link that leads nowhere fails": async (s) => {
      await s.storage.symlink("no", "/link");
      await s.refuses("failure", "file exists", () => s.storage.mkdir("/link", {}));
      assertEquals(await s.kind("/no"), "nothing");
    },
    "a link in the middle of a path is followed": async (s) => {
      await s.mkdir("/d", "/d/e");
      await s.storage.symlink("d/e", "/link");
      await s.put("/link/a", "content");
      await s.mkdir("/link/f");
      assertEquals(await s.names("/d/e"), ["a", "f"]);
      assertEquals(await s.names("/link"), ["a", "f"]);
      await s.storage.remove("/link/a");
      assertEquals(await s.names("/d/e"), ["f"]);
    },
    "a relative link starts where the link is": async (s) => {
      await s.mkdir("/d", "/d/e");
      await s.put("/a", "outer");
      await s.put("/d/a", "inner");
      await s.storage.symlink("a", "/d/here");
      await s.storage.symlink("../a", "/d/up");
      assertEquals([await s.get("/d/here"), await s.get("/d/up")], ["inner", "outer"]);
    },
    "an absolute link starts at the storage's root": async (s) => {
      await s.mkdir("/d");
      await s.put("/a", "content");
      await s.storage.symlink("/a", "/d/link");
      assertEquals(await s.get("/d/link"), "content");
    },
    "a link cannot lead above the root": async (s) => {
      await s.mkdir("/d");
      await s.put("/a", "content");
      await s.storage.symlink("../../../../a", "/d/link");
      assertEquals(await s.get("/d/link"), "content");
    },
    "links that lead to links are followed": async (s) => {
      await s.put("/a", "content");
      await s.storage.symlink("a", "/link0");
      for (let index = 1; index <= 10; index++) {
        await s.storage.symlink(`link${index - 1}`, `/link${index}`);
      }
      assertEquals(await s.get("/link10"), "content");
    },
    "links in a loop are not-found, yet exist": async (s) => {
      await s.storage.symlink("b", "/a");
      await s.storage.symlink("a", "/b");
      await s.storage.symlink("self", "/self");
      const reason = "too many links to follow";
      await s.refuses("not-found", reason, () => s.storage.stat("/a"));
      await s.refuses("not-found", reason, () => s.storage.open("/self", how("read")));
      await s.refuses("not-found", reason, () => s.storage.stat("/self/a"));
      assertEquals([await s.kind("/a"), await s.kind("/self")], ["link", "link"]);
    },
    "a link to a file is not a directory on the way": async (s) => {
      await s.put("/a");
      await s.storage.symlink("a", "/link");
      await s.refuses("not-found", "not a directory", () => s.storage.stat("/link/b"));
      await s.refuses("not-found", "not a directory", () => s.storage.openDir("/link"));
    },
    "remove() removes a link and not its target": async (s) => {
      await s.mkdir("/d");
      await s.put("/a", "content");
      await s.storage.symlink("a", "/file link");
      await s.storage.symlink("d", "/directory link");
      await s.storage.symlink("no", "/dangling");
      for (const path of ["/file link", "/directory link", "/dangling"]) {
        await s.storage.remove(path);
      }
      assertEquals(await s.names("/"), ["a", "d"]);
      assertEquals(await s.get("/a"), "content");
    },
    "rmdir() of a link to a directory is not-found, and keeps both": async (s) => {
      await s.mkdir("/d");
      await s.storage.symlink("d", "/link");
      await s.refuses("not-found", "not a directory", () => s.storage.rmdir("/link"));
      assertEquals(await s.names("/"), ["d", "link"]);
    },
    "rename() renames a link and not its target": async (s) => {
      await s.put("/a", "content");
      await s.storage.symlink("a", "/link");
      await s.storage.rename("/link", "/new");
      assertEquals(await s.names("/"), ["a", "new"]);
      assertEquals(await s.storage.readLink("/new"), "a");
    },
    "setAttrs() follows a link": async (s) => {
      await s.put("/a", "content");
      await s.storage.symlink("a", "/link");
      await s.storage.setAttrs("/link", { size: 3, permissions: 0o600, atime: 1, mtime: 2 });
      const attrs = await s.storage.stat("/a");
      assertEquals([await s.mode("/a"), attrs.size, attrs.mtime], [0o600, 3, 2]);
    },
    "openDir() shows a link as itself": async (s) => {
      await s.mkdir("/d");
      await s.storage.symlink("d", "/link");
      await s.storage.symlink("no", "/dangling");
      const told = (await s.list("/")).map(({ name, attrs }) => `${kindOf(attrs)} ${name}`);
      assertEquals(told.sort(), ["directory d", "link dangling", "link link"]);
    },
    "a handle opened through a link stays when the link leads elsewhere": async (s) => {
      await s.put("/a", "first");
      await s.put("/b", "second");
      await s.storage.symlink("a", "/link");
      await s.using("/link", how("write"), async (file) => {
        await s.storage.remove("/link");
        await s.storage.symlink("b", "/link");
        await file.write(bytesOf("F"), 0);
      });
      assertEquals([await s.get("/a"), await s.get("/link")], ["First", "second"]);
    },
  },
};

/** READLINK where there is no link, which clients send to every storage sooner or later. */
export const noLinks: Group = {
  name: "no links",
  cases: {
    "readLink() of what is not a link is invalid": {
      tree: { d: {}, a: "" },
      async run(s) {
        await s.refuses("invalid", "invalid argument", () => s.storage.readLink("/a"));
        await s.refuses("invalid", "invalid argument", () => s.storage.readLink("/d"));
      },
    },
    "readLink() of a name that is not there is not-found": {
      tree: {},
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.readLink("/link"));
      },
    },
  },
};

/** SYMLINK for storages that have no links. */
export const refusedLinks: Group = {
  name: "refused links",
  insteadOf: "links",
  cases: {
    "symlink() is refused, and nothing is made": {
      tree: { a: "content" },
      async run(s) {
        await s.refusesToServe(() => s.storage.symlink("a", "/link"));
        assertEquals(await s.names("/"), ["a"]);
      },
    },
  },
};
