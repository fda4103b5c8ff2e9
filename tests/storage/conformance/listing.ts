import { assert, assertEquals } from "@std/assert";
import type { Group } from "./case.ts";
import { kindOf } from "./subject.ts";

const MANY = 250;

/** What is in a directory. */
export const listing: Group = {
  name: "listing",
  cases: [
    {
      name: "openDir() lists files and directories",
      async run(s) {
        await s.mkdir("/d", "/d/e");
        await s.put("/d/a", "content");
        const entries = await s.list("/d");
        const told = entries.map(({ name, attrs }) => `${kindOf(attrs)} ${name}`).sort();
        assertEquals(told, ["directory e", "file a"]);
      },
    },
    {
      name: "openDir() lists the root",
      async run(s) {
        await s.put("/a");
        assertEquals(await s.names("/"), ["a"]);
      },
    },
    {
      name: "openDir() lists nothing of an empty directory",
      async run(s) {
        await s.mkdir("/d");
        assertEquals(await s.names("/d"), []);
      },
    },
    {
      name: "openDir() of a name that is not there is not-found",
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.storage.openDir("/d"));
      },
    },
    {
      name: "openDir() of a file is not-found",
      async run(s) {
        await s.put("/a");
        await s.refuses("not-found", "not a directory", () => s.storage.openDir("/a"));
      },
    },
    {
      name: "an entry has the attributes that lstat() tells",
      async run(s) {
        await s.mkdir("/d");
        await s.put("/a", "content");
        for (const { name, attrs } of await s.list("/")) {
          const { size, permissions, mtime } = await s.storage.lstat("/" + name);
          assertEquals(
            { size: attrs.size, permissions: attrs.permissions, mtime: attrs.mtime },
            { size, permissions, mtime },
          );
        }
      },
    },
    {
      name: "an entry has at least one link, where it tells any",
      async run(s) {
        await s.mkdir("/d");
        await s.put("/a");
        for (const { links } of await s.list("/")) assert((links ?? 1) >= 1);
      },
    },
    {
      name: "next() gives at most as many entries as asked for, and each once",
      async run(s) {
        const expected = await makeFiles(s.put.bind(s), 25);
        const directory = await s.storage.openDir("/");
        const names: string[] = [];
        for (;;) {
          const batch = await directory.next(10);
          assert(batch.length <= 10, `${batch.length} entries where 10 were asked for`);
          if (batch.length === 0) break;
          names.push(...batch.map(({ name }) => name));
        }
        await directory.close();
        assertEquals(names.filter((name) => name !== "." && name !== "..").sort(), expected);
      },
    },
    {
      name: "next() gives one entry at a time",
      async run(s) {
        await makeFiles(s.put.bind(s), 3);
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
    {
      name: "next() goes on giving none at the end",
      async run(s) {
        await s.mkdir("/d");
        const directory = await s.storage.openDir("/d");
        while ((await directory.next(10)).length > 0);
        assertEquals(await directory.next(10), []);
        assertEquals(await directory.next(10), []);
        await directory.close();
      },
    },
    {
      name: "next() gives each of many entries",
      async run(s) {
        const expected = await makeFiles(s.put.bind(s), MANY);
        assertEquals(await s.names("/"), expected);
      },
    },
    {
      name: "next() goes on where entries are removed meanwhile",
      async run(s) {
        const expected = await makeFiles(s.put.bind(s), 60);
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
        assertEquals(removed.sort(), expected);
        assertEquals(await s.names("/"), []);
      },
    },
    {
      name: "close() in the middle of a listing leaves the directory as it is",
      async run(s) {
        const expected = await makeFiles(s.put.bind(s), 5);
        const directory = await s.storage.openDir("/");
        await directory.next(2);
        await directory.close();
        assertEquals(await s.names("/"), expected);
      },
    },
  ],
};

async function makeFiles(put: (path: string) => Promise<void>, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const name = `file ${String(index).padStart(3, "0")}`;
    await put("/" + name);
    names.push(name);
  }
  return names;
}
