import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";

/** Making and removing. */
export const directories: Group = {
  name: "directories",
  cases: [
    {
      name: "mkdir() makes an empty directory",
      async run(s) {
        await s.storage.mkdir("/d", {});
        assertEquals(await s.kind("/d"), "directory");
        assertEquals(await s.names("/d"), []);
        assertEquals(await s.names("/"), ["d"]);
      },
    },
    {
      name: "mkdir() makes directories in directories",
      async run(s) {
        await s.mkdir("/d", "/d/e", "/d/e/f");
        await s.put("/d/e/f/a", "content");
        assertEquals(await s.get("/d/e/f/a"), "content");
      },
    },
    {
      name: "mkdir() gives the permissions asked for",
      async run(s) {
        await s.storage.mkdir("/d", { permissions: 0o040700 });
        assertEquals(await s.mode("/d"), 0o700);
      },
    },
    {
      name: "mkdir() gives no more than 0777 where nothing is asked for",
      async run(s) {
        await s.storage.mkdir("/d", {});
        const mode = await s.mode("/d");
        assertEquals(mode & ~0o777 & ~0o2000, 0); // setgid comes from the parent
        assertEquals(mode & 0o500, 0o500);
      },
    },
    {
      name: "mkdir() fails where there is something, and keeps it",
      async run(s) {
        await s.mkdir("/d", "/d/e");
        await s.put("/a", "content");
        await s.refuses("failure", "file exists", () => s.storage.mkdir("/d", {}));
        await s.refuses("failure", "file exists", () => s.storage.mkdir("/a", {}));
        await s.refuses("failure", "file exists", () => s.storage.mkdir("/", {}));
        assertEquals([await s.names("/d"), await s.get("/a")], [["e"], "content"]);
      },
    },
    {
      name: "mkdir() in a directory that is not there is not-found",
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.mkdir("/no/d", {}));
        assertEquals(await s.names("/"), []);
      },
    },
    {
      name: "mkdir() below a file is not-found",
      async run(s) {
        await s.put("/a");
        await s.refuses("not-found", "not a directory", () => s.storage.mkdir("/a/d", {}));
      },
    },
    {
      name: "rmdir() removes an empty directory",
      async run(s) {
        await s.mkdir("/d", "/d/e");
        await s.storage.rmdir("/d/e");
        assertEquals(await s.names("/d"), []);
        await s.storage.rmdir("/d");
        assertEquals(await s.kind("/d"), "nothing");
      },
    },
    {
      name: "rmdir() of a directory that is not empty fails, and keeps what is in it",
      async run(s) {
        await s.mkdir("/d");
        await s.put("/d/a", "content");
        await s.refuses("failure", "directory not empty", () => s.storage.rmdir("/d"));
        assertEquals(await s.get("/d/a"), "content");
      },
    },
    {
      name: "rmdir() of a name that is not there is not-found",
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.rmdir("/d"));
      },
    },
    {
      name: "rmdir() of a file is not-found, and keeps it",
      async run(s) {
        await s.put("/a", "content");
        await s.refuses("not-found", "not a directory", () => s.storage.rmdir("/a"));
        assertEquals(await s.get("/a"), "content");
      },
    },
    {
      name: "rmdir() of the root fails",
      async run(s) {
        await s.refuses("failure", "in use by the system", () => s.storage.rmdir("/"));
        assertEquals(await s.kind("/"), "directory");
      },
    },
    {
      name: "remove() removes a file",
      async run(s) {
        await s.put("/a");
        await s.put("/b");
        await s.storage.remove("/a");
        assertEquals(await s.names("/"), ["b"]);
      },
    },
    {
      name: "remove() of a directory fails, and keeps it",
      async run(s) {
        await s.mkdir("/d");
        await s.refuses("failure", "is a directory", () => s.storage.remove("/d"));
        assertEquals(await s.kind("/d"), "directory");
      },
    },
    {
      name: "remove() of a name that is not there is not-found",
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.remove("/a"));
        await s.refuses("not-found", "no such file", () => s.storage.remove("/no/a"));
      },
    },
    {
      name: "remove() below a file is not-found",
      async run(s) {
        await s.put("/a");
        await s.refuses("not-found", "not a directory", () => s.storage.remove("/a/b"));
        assertEquals(await s.kind("/a"), "file");
      },
    },
    {
      name: "a name that was removed can be given again",
      async run(s) {
        await s.put("/a", "first");
        await s.storage.remove("/a");
        await s.mkdir("/a");
        await s.storage.rmdir("/a");
        await s.put("/a", "second");
        assertEquals(await s.get("/a"), "second");
      },
    },
  ],
};
