import { assert, assertEquals } from "@std/assert";
import type { FileAttrs } from "../../storage/storage.ts";
import type { Group } from "../case.ts";
import { bytesOf, how, kindOf, permissionBits, textAt } from "../subject.ts";

/** Reading and changing attributes, by path and by handle. */
export const attributes: Group = {
  name: "attributes",
  cases: {
    "stat() returns a file's type and length": {
      tree: { a: "content" },
      async run(s) {
        const attrs = await s.storage.stat("/a");
        assertEquals(kindOf(attrs), "file");
        assertEquals(attrs.size, 7);
      },
    },
    "stat() says that a directory is one, and the root too": {
      tree: { d: {} },
      async run(s) {
        assertEquals(kindOf(await s.storage.stat("/d")), "directory");
        assertEquals(kindOf(await s.storage.stat("/")), "directory");
      },
    },
    "stat() returns whole numbers, and owners and times in pairs": {
      tree: { a: "content" },
      async run(s) {
        const { size, uid, gid, permissions, atime, mtime } = await s.storage.stat("/a");
        for (const number of [size, uid, gid, permissions, atime, mtime]) {
          assert(number === undefined || Number.isSafeInteger(number), `${number} is not whole`);
        }
        assertEquals(uid === undefined, gid === undefined);
        assertEquals(atime === undefined, mtime === undefined);
      },
    },
    "stat() of a name that is not there is not-found": {
      tree: {},
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.stat("/a"));
        await s.refuses("not-found", "no such file", () => s.storage.stat("/no/a"));
      },
    },
    "stat() below a file is not-found": {
      tree: { a: "" },
      async run(s) {
        await s.refuses("not-found", "not a directory", () => s.storage.stat("/a/b"));
      },
    },
    "lstat() of what is not a link is as stat()": {
      tree: { a: "content", d: {} },
      async run(s) {
        assertEquals(await s.storage.lstat("/a"), await s.storage.stat("/a"));
        assertEquals(await s.storage.lstat("/d"), await s.storage.stat("/d"));
        await s.refuses("not-found", "no such file", () => s.storage.lstat("/b"));
      },
    },
    "setAttrs() cuts a file": async (s) => {
      await s.put("/a", "content");
      await s.storage.setAttrs("/a", { size: 3 });
      assertEquals(await s.get("/a"), "con");
    },
    "setAttrs() makes a file longer with zeros, also over bytes that were cut off": async (s) => {
      await s.put("/a", "content");
      await s.storage.setAttrs("/a", { size: 3 });
      await s.storage.setAttrs("/a", { size: 6 });
      assertEquals(await s.get("/a"), "con\0\0\0");
      await s.put("/b", "x".repeat(1000));
      await s.storage.setAttrs("/b", { size: 900 });
      await s.storage.setAttrs("/b", { size: 1000 });
      assertEquals(await s.get("/b"), "x".repeat(900) + "\0".repeat(100));
    },
    "setAttrs() refuses a length that no file has, and cuts nothing": async (s) => {
      await s.put("/a", "content");
      // A length of 64 set bits is read as 2^64.
      for (const size of [2 ** 63, 2 ** 64]) {
        await s.refuses("invalid", "", () => s.storage.setAttrs("/a", { size }));
        await s.using("/a", how("write"), async (file) => {
          await s.refuses("invalid", "", () => file.setAttrs({ size }));
        });
      }
      assertEquals(await s.get("/a"), "content");
    },
    "setAttrs() changes permissions and keeps the type": async (s) => {
      await s.put("/a", "content");
      await s.mkdir("/d");
      await s.storage.setAttrs("/a", { permissions: 0o100640 });
      await s.storage.setAttrs("/d", { permissions: 0o750 });
      const [file, directory] = [await s.storage.stat("/a"), await s.storage.stat("/d")];
      assertEquals([kindOf(file), permissionBits(file)], ["file", 0o640]);
      assertEquals([kindOf(directory), permissionBits(directory)], ["directory", 0o750]);
      assertEquals(await s.get("/a"), "content");
    },
    "setAttrs() changes both times, to the second": async (s) => {
      await s.put("/a");
      await s.storage.setAttrs("/a", { atime: 1_000_000_001, mtime: 2_000_000_003 });
      const { atime, mtime } = await s.storage.stat("/a");
      assertEquals({ atime, mtime }, { atime: 1_000_000_001, mtime: 2_000_000_003 });
    },
    "setAttrs() takes the first second and those after 2038": async (s) => {
      await s.put("/a");
      await s.storage.setAttrs("/a", { atime: 0, mtime: 3_000_000_000 });
      const { atime, mtime } = await s.storage.stat("/a");
      assertEquals({ atime, mtime }, { atime: 0, mtime: 3_000_000_000 });
    },
    "setAttrs() changes a directory's times": async (s) => {
      await s.mkdir("/d");
      await s.storage.setAttrs("/d", { atime: 1_000_000_001, mtime: 1_000_000_003 });
      assertEquals((await s.storage.stat("/d")).mtime, 1_000_000_003);
    },
    "setAttrs() takes the owner that the file has already": async (s) => {
      await s.put("/a");
      const { uid, gid } = await s.storage.stat("/a");
      await s.storage.setAttrs("/a", { uid, gid });
      const after = await s.storage.stat("/a");
      assertEquals([after.uid, after.gid], [uid, gid]);
    },
    "setAttrs() changes several attributes, and the times last in effect": async (s) => {
      await s.put("/a", "content");
      const times = { atime: 1_000_000_001, mtime: 1_000_000_003 };
      await s.storage.setAttrs("/a", { size: 4, permissions: 0o600, ...times });
      const attrs = await s.storage.stat("/a");
      assertEquals(await s.get("/a"), "cont");
      assertEquals(permissionBits(attrs), 0o600);
      assertEquals(attrs.mtime, times.mtime);
    },
    "setAttrs() of nothing changes nothing": async (s) => {
      await s.put("/a", "content");
      const before = await s.storage.stat("/a");
      await s.storage.setAttrs("/a", {});
      assertEquals(await s.storage.stat("/a"), before);
    },
    "setAttrs() of a name that is not there is not-found": async (s) => {
      const { storage } = s;
      for (const attrs of someAttrs()) {
        await s.refuses("not-found", "no such file", () => storage.setAttrs("/a", attrs));
      }
      assertEquals(await s.names("/"), []);
    },
    "setAttrs() of a directory's length fails, and the rest is changed nevertheless": async (s) => {
      await s.mkdir("/d");
      const attrs = { size: 0, permissions: 0o700 };
      await s.refuses("failure", "is a directory", () => s.storage.setAttrs("/d", attrs));
      assertEquals(await s.mode("/d"), 0o700);
    },
    "a handle returns the attributes of its file": {
      tree: { a: "content" },
      async run(s) {
        await s.using("/a", how("read"), async (file) => {
          assertEquals(await file.stat(), await s.storage.stat("/a"));
        });
      },
    },
    "a handle returns the length that it has written": async (s) => {
      await s.using("/a", how("write", "create"), async (file) => {
        await file.write(bytesOf("content"), 0);
        assertEquals((await file.stat()).size, 7);
        await file.write(bytesOf("x"), 20);
        assertEquals((await file.stat()).size, 21);
      });
    },
    "a handle changes the attributes of its file": async (s) => {
      const times = { atime: 1_000_000_001, mtime: 1_000_000_003 };
      await s.using("/a", how("write", "create"), async (file) => {
        await file.write(bytesOf("content"), 0);
        await file.setAttrs({ size: 4, permissions: 0o600, ...times });
      });
      const attrs = await s.storage.stat("/a");
      assertEquals(await s.get("/a"), "cont");
      assertEquals([attrs.atime !== undefined, attrs.mtime], [true, times.mtime]);
      assertEquals(permissionBits(attrs), 0o600);
    },
    "a handle that is open to read changes permissions and times": async (s) => {
      await s.put("/a");
      const attrs = { permissions: 0o600, atime: 1_000_000_001, mtime: 1_000_000_003 };
      await s.using("/a", how("read"), (file) => file.setAttrs(attrs));
      assertEquals(await s.mode("/a"), 0o600);
      assertEquals((await s.storage.stat("/a")).mtime, attrs.mtime);
    },
    "a handle stays with its file when that is renamed": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("read", "write"), async (file) => {
        await s.storage.rename("/a", "/b");
        await s.put("/a", "another");
        await file.write(bytesOf("X"), 0);
        assertEquals(await textAt(file, 0, 100), "Xontent");
        await file.setAttrs({ permissions: 0o600 });
        assertEquals(permissionBits(await file.stat()), 0o600);
      });
      assertEquals([await s.get("/a"), await s.get("/b")], ["another", "Xontent"]);
      assertEquals(await s.mode("/b"), 0o600);
    },
    "a handle stays with its file when that is removed": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("read", "write"), async (file) => {
        await s.storage.remove("/a");
        await s.put("/a", "another");
        assertEquals(await textAt(file, 0, 100), "content");
        await file.write(bytesOf("X"), 0);
        assertEquals((await file.stat()).size, 7);
      });
      assertEquals(await s.get("/a"), "another");
    },
  },
};

function someAttrs(): FileAttrs[] {
  return [{ size: 1 }, { permissions: 0o600 }, { atime: 1, mtime: 1 }];
}
