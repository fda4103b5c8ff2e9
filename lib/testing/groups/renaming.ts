import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";
import { how, textAt } from "../subject.ts";

/** RENAME, which never overwrites. */
export const renaming: Group = {
  name: "rename",
  cases: {
    "rename() gives a file another name": async (s) => {
      await s.put("/a", "content");
      await s.storage.rename("/a", "/b");
      assertEquals(await s.names("/"), ["b"]);
      assertEquals(await s.get("/b"), "content");
    },
    "rename() moves a file into another directory": async (s) => {
      await s.mkdir("/d", "/e");
      await s.put("/d/a", "content");
      await s.storage.rename("/d/a", "/e/b");
      assertEquals([await s.names("/d"), await s.names("/e")], [[], ["b"]]);
      assertEquals(await s.get("/e/b"), "content");
    },
    "rename() moves a directory with everything in it": async (s) => {
      await s.mkdir("/d", "/d/e", "/f");
      await s.put("/d/e/a", "content");
      await s.storage.rename("/d", "/f/g");
      assertEquals(await s.names("/"), ["f"]);
      assertEquals(await s.get("/f/g/e/a"), "content");
      assertEquals(await s.storage.realPath("/f/g/e"), "/f/g/e");
    },
    "rename() keeps a file's attributes": async (s) => {
      await s.put("/a", "content");
      await s.storage.setAttrs("/a", { permissions: 0o600, atime: 1, mtime: 2 });
      await s.storage.rename("/a", "/b");
      const { size, mtime } = await s.storage.stat("/b");
      assertEquals([await s.mode("/b"), size, mtime], [0o600, 7, 2]);
    },
    "rename() fails where there is a file, and leaves both": async (s) => {
      await s.put("/a", "first");
      await s.put("/b", "second");
      await s.refuses("failure", "file exists", () => s.storage.rename("/a", "/b"));
      assertEquals([await s.get("/a"), await s.get("/b")], ["first", "second"]);
    },
    "rename() fails where there is an empty directory": async (s) => {
      await s.mkdir("/d", "/e");
      await s.put("/a");
      await s.refuses("failure", "file exists", () => s.storage.rename("/d", "/e"));
      await s.refuses("failure", "file exists", () => s.storage.rename("/a", "/e"));
      assertEquals(await s.names("/"), ["a", "d", "e"]);
    },
    "rename() fails where there is a link that leads nowhere": {
      needs: ["links"],
      async run(s) {
        await s.put("/a", "content");
        await s.storage.symlink("no", "/link");
        await s.refuses("failure", "file exists", () => s.storage.rename("/a", "/link"));
        assertEquals([await s.get("/a"), await s.storage.readLink("/link")], ["content", "no"]);
      },
    },
    "rename() of a name to itself fails, and keeps it": async (s) => {
      await s.put("/a", "content");
      await s.mkdir("/d");
      await s.refuses("failure", "file exists", () => s.storage.rename("/a", "/a"));
      await s.refuses("failure", "file exists", () => s.storage.rename("/d", "/d"));
      assertEquals([await s.get("/a"), await s.kind("/d")], ["content", "directory"]);
    },
    "rename() of a name that is not there is not-found": async (s) => {
      await s.refuses("not-found", "no such file", () => s.storage.rename("/a", "/b"));
      assertEquals(await s.names("/"), []);
    },
    "rename() into a directory that is not there is not-found": async (s) => {
      await s.put("/a", "content");
      await s.refuses("not-found", "no such file", () => s.storage.rename("/a", "/no/a"));
      assertEquals(await s.get("/a"), "content");
    },
    "rename() below a file is not-found": async (s) => {
      await s.put("/a", "content");
      await s.put("/b");
      await s.refuses("not-found", "not a directory", () => s.storage.rename("/a", "/b/a"));
      assertEquals(await s.get("/a"), "content");
    },
    "rename() of a directory into itself is invalid": async (s) => {
      await s.mkdir("/d", "/d/e");
      await s.refuses("invalid", "invalid argument", () => s.storage.rename("/d", "/d/f"));
      await s.refuses("invalid", "invalid argument", () => s.storage.rename("/d", "/d/e/f"));
      assertEquals([await s.names("/"), await s.names("/d")], [["d"], ["e"]]);
    },
    "rename() to a name that begins like the old one is not a move into itself": async (s) => {
      await s.mkdir("/d", "/dd");
      await s.put("/d/a", "content");
      await s.storage.rename("/d", "/dd/d");
      assertEquals(await s.get("/dd/d/a"), "content");
    },
  },
};

/** posix-rename@openssh.com, which is rename(2). */
export const posixRenaming: Group = {
  name: "posixRename",
  needs: ["posixRename"],
  cases: {
    "posixRename() gives a file another name": async (s) => {
      await s.put("/a", "content");
      await s.extension("posixRename")("/a", "/b");
      assertEquals([await s.names("/"), await s.get("/b")], [["b"], "content"]);
    },
    "posixRename() replaces a file": async (s) => {
      await s.put("/a", "new");
      await s.put("/b", "old");
      await s.extension("posixRename")("/a", "/b");
      assertEquals([await s.names("/"), await s.get("/b")], [["b"], "new"]);
    },
    "posixRename() leaves the replaced file to the handles that have it open": async (s) => {
      await s.put("/a", "new");
      await s.put("/b", "old");
      await s.using("/b", how("read"), async (file) => {
        await s.extension("posixRename")("/a", "/b");
        assertEquals(await textAt(file, 0, 100), "old");
      });
    },
    "posixRename() of a directory replaces an empty directory": async (s) => {
      await s.mkdir("/d", "/e");
      await s.put("/d/a", "content");
      await s.extension("posixRename")("/d", "/e");
      assertEquals([await s.names("/"), await s.get("/e/a")], [["e"], "content"]);
    },
    "posixRename() of a directory over one that is not empty fails": async (s) => {
      await s.mkdir("/d", "/e");
      await s.put("/e/a", "content");
      // EEXIST or ENOTEMPTY: POSIX leaves the choice.
      await s.refuses("failure", "", () => s.extension("posixRename")("/d", "/e"));
      assertEquals([await s.names("/"), await s.get("/e/a")], [["d", "e"], "content"]);
    },
    "posixRename() of a file over a directory fails": async (s) => {
      await s.mkdir("/d");
      await s.put("/a", "content");
      await s.refuses("failure", "is a directory", () => s.extension("posixRename")("/a", "/d"));
      assertEquals([await s.get("/a"), await s.kind("/d")], ["content", "directory"]);
    },
    "posixRename() of a directory over a file is not-found": async (s) => {
      await s.mkdir("/d");
      await s.put("/a", "content");
      const action = () => s.extension("posixRename")("/d", "/a");
      await s.refuses("not-found", "not a directory", action);
      assertEquals([await s.get("/a"), await s.kind("/d")], ["content", "directory"]);
    },
    "posixRename() of a directory into itself is invalid": async (s) => {
      await s.mkdir("/d", "/d/e");
      const action = () => s.extension("posixRename")("/d", "/d/e/f");
      await s.refuses("invalid", "invalid argument", action);
      assertEquals(await s.names("/d"), ["e"]);
    },
    "posixRename() over the directory that holds it fails": async (s) => {
      await s.mkdir("/d");
      await s.put("/d/a", "content");
      await s.refuses("failure", "", () => s.extension("posixRename")("/d/a", "/d"));
      assertEquals(await s.get("/d/a"), "content");
    },
    "posixRename() of a name to itself changes nothing": async (s) => {
      await s.put("/a", "content");
      await s.mkdir("/d");
      await s.extension("posixRename")("/a", "/a");
      await s.extension("posixRename")("/d", "/d");
      assertEquals([await s.names("/"), await s.get("/a")], [["a", "d"], "content"]);
    },
    "posixRename() between two names of one file changes nothing": {
      needs: ["hardLink"],
      async run(s) {
        await s.put("/a", "content");
        await s.extension("hardLink")("/a", "/b");
        await s.extension("posixRename")("/a", "/b");
        assertEquals([await s.names("/"), await s.get("/b")], [["a", "b"], "content"]);
      },
    },
    "posixRename() of a name that is not there is not-found": async (s) => {
      await s.put("/b", "content");
      const posixRename = s.extension("posixRename");
      await s.refuses("not-found", "no such file", () => posixRename("/a", "/b"));
      await s.refuses("not-found", "no such file", () => posixRename("/b", "/no/b"));
      assertEquals(await s.get("/b"), "content");
    },
    "posixRename() replaces a link and not its target": {
      needs: ["links"],
      async run(s) {
        await s.put("/a", "target");
        await s.put("/b", "content");
        await s.storage.symlink("a", "/link");
        await s.extension("posixRename")("/b", "/link");
        assertEquals([await s.kind("/link"), await s.get("/a")], ["file", "target"]);
        assertEquals(await s.get("/link"), "content");
      },
    },
  },
};
