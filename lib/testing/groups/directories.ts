import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";

/** Making and removing. */
export const directories: Group = {
  name: "directories",
  cases: {
    "mkdir() makes an empty directory": async (s) => {
      await s.storage.mkdir("/d", {});
      assertEquals(await s.kind("/d"), "directory");
      assertEquals(await s.names("/d"), []);
      assertEquals(await s.names("/"), ["d"]);
    },
    "mkdir() makes directories in directories": async (s) => {
      await s.mkdir("/d", "/d/e", "/d/e/f");
      await s.put("/d/e/f/a", "content");
      assertEquals(await s.get("/d/e/f/a"), "content");
    },
    "mkdir() gives the permissions asked for": async (s) => {
      await s.storage.mkdir("/d", { permissions: 0o040700 });
      assertEquals(await s.mode("/d"), 0o700);
    },
    "mkdir() gives no more than 0777 where nothing is asked for": async (s) => {
      await s.storage.mkdir("/d", {});
      const mode = await s.mode("/d");
      assertEquals(mode & ~0o777 & ~0o2000, 0); // setgid comes from the parent
      assertEquals(mode & 0o500, 0o500);
    },
    "mkdir() fails where there is something, and keeps it": async (s) => {
      await s.mkdir("/d", "/d/e");
      await s.put("/a", "content");
      await s.refuses("failure", "file exists", () => s.storage.mkdir("/d", {}));
      await s.refuses("failure", "file exists", () => s.storage.mkdir("/a", {}));
      await s.refuses("failure", "file exists", () => s.storage.mkdir("/", {}));
      assertEquals([await s.names("/d"), await s.get("/a")], [["e"], "content"]);
    },
    "mkdir() in a directory that is not there is not-found": async (s) => {
      await s.refuses("not-found", "no such file", () => s.storage.mkdir("/no/d", {}));
      assertEquals(await s.names("/"), []);
    },
    "mkdir() below a file is not-found": async (s) => {
      await s.put("/a");
      await s.refuses("not-found", "not a directory", () => s.storage.mkdir("/a/d", {}));
    },
    "rmdir() removes an empty directory": async (s) => {
      await s.mkdir("/d", "/d/e");
      await s.storage.rmdir("/d/e");
      assertEquals(await s.names("/d"), []);
      await s.storage.rmdir("/d");
      assertEquals(await s.kind("/d"), "nothing");
    },
    "rmdir() of a directory that is not empty fails, and keeps what is in it": async (s) => {
      await s.mkdir("/d");
      await s.put("/d/a", "content");
      await s.refuses("failure", "directory not empty", () => s.storage.rmdir("/d"));
      assertEquals(await s.get("/d/a"), "content");
    },
    "rmdir() of a name that is not there is not-found": async (s) => {
      await s.refuses("not-found", "no such file", () => s.storage.rmdir("/d"));
    },
    "rmdir() of a file is not-found, and keeps it": async (s) => {
      await s.put("/a", "content");
      await s.refuses("not-found", "not a directory", () => s.storage.rmdir("/a"));
      assertEquals(await s.get("/a"), "content");
    },
    "rmdir() of the root fails": async (s) => {
      await s.refuses("failure", "in use by the system", () => s.storage.rmdir("/"));
      assertEquals(await s.kind("/"), "directory");
    },
    "remove() removes a file": async (s) => {
      await s.put("/a");
      await s.put("/b");
      await s.storage.remove("/a");
      assertEquals(await s.names("/"), ["b"]);
    },
    "remove() of a directory fails, and keeps it": async (s) => {
      await s.mkdir("/d");
      await s.refuses("failure", "is a directory", () => s.storage.remove("/d"));
      assertEquals(await s.kind("/d"), "directory");
    },
    "remove() of a name that is not there is not-found": async (s) => {
      await s.refuses("not-found", "no such file", () => s.storage.remove("/a"));
      await s.refuses("not-found", "no such file", () => s.storage.remove("/no/a"));
    },
    "remove() below a file is not-found": async (s) => {
      await s.put("/a");
      await s.refuses("not-found", "not a directory", () => s.storage.remove("/a/b"));
      assertEquals(await s.kind("/a"), "file");
    },
    "a name that was removed can be given again": async (s) => {
      await s.put("/a", "first");
      await s.storage.remove("/a");
      await s.mkdir("/a");
      await s.storage.rmdir("/a");
      await s.put("/a", "second");
      assertEquals(await s.get("/a"), "second");
    },
  },
};
