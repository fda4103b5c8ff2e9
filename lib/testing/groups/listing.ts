import { assert, assertEquals } from "@std/assert";
import type { Group } from "../case.ts";
import { kindOf } from "../subject.ts";
import type { Tree } from "../tree.ts";

const MANY = 250;

/** The content of a directory. */
export const listing: Group = {
  name: "listing",
  cases: {
    "openDir() lists files and directories": {
      tree: { d: { e: {}, a: "content" } },
      async run(s) {
        const entries = await s.list("/d");
        const told = entries.map(({ name, attrs }) => `${kindOf(attrs)} ${name}`).sort();
        assertEquals(told, ["directory e", "file a"]);
      },
    },
    "openDir() lists the root": {
      tree: { a: "" },
      async run(s) {
        assertEquals(await s.names("/"), ["a"]);
      },
    },
    "openDir() lists nothing of an empty directory": {
      tree: { d: {} },
      async run(s) {
        assertEquals(await s.names("/d"), []);
      },
    },
    "openDir() of a name that is not there is not-found": {
      tree: {},
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.openDir("/d"));
      },
    },
    "openDir() of a file is not-found": {
      tree: { a: "" },
      async run(s) {
        await s.refuses("not-found", "not a directory", () => s.storage.openDir("/a"));
      },
    },
    "an entry has the attributes that lstat() returns": {
      tree: { d: {}, a: "content" },
      async run(s) {
        for (const { name, attrs } of await s.list("/")) {
          const { size, permissions, mtime } = await s.storage.lstat("/" + name);
          assertEquals(
            { size: attrs.size, permissions: attrs.permissions, mtime: attrs.mtime },
            { size, permissions, mtime },
          );
        }
      },
    },
    "an entry has at least one link, if it has a number of links": {
      tree: { d: {}, a: "" },
      async run(s) {
        for (const { links } of await s.list("/")) assert((links ?? 1) >= 1);
      },
    },
    "next() gives at most as many entries as asked for, and each once": {
      tree: files(25),
      async run(s) {
        const directory = await s.storage.openDir("/");
        const names: string[] = [];
        for (;;) {
          const batch = await directory.next(10);
          assert(batch.length <= 10, `${batch.length} entries where 10 were asked for`);
          if (batch.length === 0) break;
          names.push(...batch.map(({ name }) => name));
        }
        await directory.close();
        assertEquals(names.filter((name) => name !== "." && name !== "..").sort(), namesOf(25));
      },
    },
    "next() gives one entry at a time": {
      tree: files(3),
      async run(s) {
        const directory = await s.storage.openDir("/");
        const names: string[] = [];
        for (;;) {
          const [entry] = await directory.next(1);
          if (entry === undefined) break;
          names.push(entry.name);
        }
        await directory.close();
        assertEquals(new Set(names).size, names.length);
        assertEquals(names.filter((name) => !name.startsWith(".")).length, 3);
      },
    },
    "next() keeps returning none at the end": {
      tree: { d: {} },
      async run(s) {
        const directory = await s.storage.openDir("/d");
        while ((await directory.next(10)).length > 0);
        assertEquals(await directory.next(10), []);
        assertEquals(await directory.next(10), []);
        await directory.close();
      },
    },
    "next() gives each of many entries": {
      tree: files(MANY),
      async run(s) {
        assertEquals(await s.names("/"), namesOf(MANY));
      },
    },
    "next() continues when entries are removed meanwhile": async (s) => {
      await s.fill(files(60));
      const directory = await s.storage.openDir("/");
      const removed: string[] = [];
      for (;;) {
        const batch = await directory.next(7);
        if (batch.length === 0) break;
        for (const { name } of batch) {
          if (name === "." || name === "..") continue;
          await s.storage.remove("/" + name);
          removed.push(name);
        }
      }
      await directory.close();
      assertEquals(removed.sort(), namesOf(60));
      assertEquals(await s.names("/"), []);
    },
    "close() in the middle of a listing leaves the directory as it is": {
      tree: files(5),
      async run(s) {
        const directory = await s.storage.openDir("/");
        await directory.next(2);
        await directory.close();
        assertEquals(await s.names("/"), namesOf(5));
      },
    },
  },
};

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `file ${String(index).padStart(3, "0")}`);
}

/** This many empty files. */
function files(count: number): Tree {
  return Object.fromEntries(namesOf(count).map((name) => [name, ""]));
}
