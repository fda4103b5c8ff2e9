import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";
import { bytesOf, how, textAt } from "../subject.ts";

const MODE_OF_NEW_FILES = 0o666;

/** Opening and making files. */
export const opening: Group = {
  name: "open",
  cases: {
    "open() finds a file that is there": {
      tree: { a: "content" },
      async run(s) {
        assertEquals(await s.get("/a"), "content");
      },
    },
    "open() to read a name that is not there is not-found": {
      tree: { a: "" },
      async run(s) {
        for (const path of ["/no", "/no/a"]) {
          await s.refuses("not-found", "no such file", () => s.storage.open(path, how("read")));
        }
        const below = () => s.storage.open("/a/b", how("read"));
        await s.refuses("not-found", "not a directory", below);
      },
    },
    "open() to write a name that is not there is not-found": async (s) => {
      await s.refuses("not-found", "no such file", () => s.storage.open("/a", how("write")));
      assertEquals(await s.names("/"), []);
    },
    "open() in a directory that is not there is not-found": async (s) => {
      const options = how("write", "create");
      await s.refuses("not-found", "no such file", () => s.storage.open("/no/a", options));
    },
    "open() below a file is not-found": async (s) => {
      await s.put("/a");
      const options = how("write", "create");
      await s.refuses("not-found", "not a directory", () => s.storage.open("/a/b", options));
    },
    "open() of a directory to read fails": {
      tree: { d: {} },
      async run(s) {
        await s.refuses("failure", "is a directory", () => s.storage.open("/d", how("read")));
        await s.refuses("failure", "is a directory", () => s.storage.open("/", how("read")));
      },
    },
    "open() of a directory to write fails": async (s) => {
      await s.mkdir("/d");
      await s.refuses("failure", "is a directory", () => s.storage.open("/d", how("write")));
    },
    "open() with create makes an empty file": async (s) => {
      await s.using("/a", how("write", "create"), () => {});
      assertEquals(await s.kind("/a"), "file");
      assertEquals(await s.get("/a"), "");
    },
    "open() with create keeps a file that is there": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("write", "create"), () => {});
      assertEquals(await s.get("/a"), "content");
    },
    "open() with create of a directory fails": async (s) => {
      await s.mkdir("/d");
      const options = how("write", "create");
      await s.refuses("failure", "is a directory", () => s.storage.open("/d", options));
      assertEquals(await s.kind("/d"), "directory");
    },
    "open() with truncate cuts the file to nothing": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("write", "truncate"), () => {});
      assertEquals(await s.get("/a"), "");
    },
    "open() with truncate but not create makes no file": async (s) => {
      const options = how("write", "truncate");
      await s.refuses("not-found", "no such file", () => s.storage.open("/a", options));
      assertEquals(await s.kind("/a"), "nothing");
    },
    "open() with create and truncate makes a file, then empties it": async (s) => {
      const options = how("write", "create", "truncate");
      await s.using("/a", options, (file) => file.write(bytesOf("long content"), 0));
      await s.using("/a", options, (file) => file.write(bytesOf("short"), 0));
      assertEquals(await s.get("/a"), "short");
    },
    "open() with create and exclusive makes a file": async (s) => {
      const options = how("write", "create", "exclusive");
      await s.using("/a", options, (file) => file.write(bytesOf("new"), 0));
      assertEquals(await s.get("/a"), "new");
    },
    "open() with create and exclusive fails where there is a file, and keeps it": async (s) => {
      await s.put("/a", "content");
      const options = how("write", "create", "exclusive", "truncate");
      await s.refuses("failure", "file exists", () => s.storage.open("/a", options));
      assertEquals(await s.get("/a"), "content");
    },
    "open() with create and exclusive fails where there is a directory": async (s) => {
      await s.mkdir("/d");
      const options = how("write", "create", "exclusive");
      await s.refuses("failure", "file exists", () => s.storage.open("/d", options));
    },
    "open() gives a new file the permissions asked for": async (s) => {
      const options = { ...how("write", "create"), attrs: { permissions: 0o100600 } };
      await s.using("/a", options, () => {});
      assertEquals(await s.mode("/a"), 0o600);
    },
    "open() gives a new file no more than 0666 where nothing is asked for": async (s) => {
      await s.put("/a");
      const mode = await s.mode("/a");
      assertEquals(mode & ~MODE_OF_NEW_FILES, 0);
      assertEquals(mode & 0o400, 0o400);
    },
    "open() leaves the permissions of a file that is there": async (s) => {
      const create = how("write", "create");
      await s.using("/a", { ...create, attrs: { permissions: 0o600 } }, () => {});
      await s.using("/a", { ...create, attrs: { permissions: 0o644 } }, () => {});
      assertEquals(await s.mode("/a"), 0o600);
    },
    "open() of a new file without any permission still lets it be written": async (s) => {
      const options = { ...how("write", "create"), attrs: { permissions: 0 } };
      await s.using("/a", options, (file) => file.write(bytesOf("content"), 0));
      assertEquals((await s.storage.stat("/a")).size, 7);
    },
    "read() of a file that is open only for writing is refused": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("write"), async (file) => {
        await s.refuses("not-found", "not open for this", () => file.read(new Uint8Array(4), 0));
      });
    },
    "write() to a file that is open only for reading is refused": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("read"), async (file) => {
        await s.refuses("not-found", "not open for this", () => file.write(bytesOf("x"), 0));
      });
      assertEquals(await s.get("/a"), "content");
    },
    "open() to read and write does both": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("read", "write"), async (file) => {
        assertEquals(await textAt(file, 0, 100), "content");
        await file.write(bytesOf("CON"), 0);
      });
      assertEquals(await s.get("/a"), "CONtent");
    },
    "open() of one file twice gives two handles, and closing one leaves the other": {
      tree: { a: "content" },
      async run(s) {
        const first = await s.storage.open("/a", how("read"));
        const second = await s.storage.open("/a", how("read"));
        await first.close(false);
        assertEquals(await textAt(second, 0, 100), "content");
        await second.close(false);
      },
    },
    "close() also resolves if the session breaks off": {
      tree: { a: "content" },
      async run(s) {
        const file = await s.storage.open("/a", how("read"));
        await file.close(true);
        assertEquals(await s.get("/a"), "content");
      },
    },
  },
};
