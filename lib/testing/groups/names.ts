import { assertEquals, assertInstanceOf } from "@std/assert";
import { StorageError } from "../../storage/errors.ts";
import type { Group } from "../case.ts";
import { failureOf, how } from "../subject.ts";

const ODD_NAMES = [
  " ",
  "...",
  ".hidden",
  "-rf",
  "~",
  "a b",
  "a\\b",
  "a\nb",
  "a\tb",
  "'\"`$(a)*?[b]{c}",
  "%41",
  "a:b",
  "\u00e9",
  "e\u0301",
  "日本語",
  "😀",
  "\ufeffbom",
  "\u007f\u0085",
  "constructor",
  "__proto__",
];

/** 0xff, which never occurs in UTF-8; 0xe9, which occurs only with other bytes after it. */
const RAW_NAMES = ["\udcff", "caf\udce9", "\udc80é\udcbf", "a\udced\udca0\udc80"];

/** Names that are text. */
export const names: Group = {
  name: "names",
  cases: {
    "odd names of files are found": {
      tree: Object.fromEntries(ODD_NAMES.map((name) => [name, name])),
      async run(s) {
        assertEquals(await s.names("/"), [...ODD_NAMES].sort());
        for (const name of ODD_NAMES) assertEquals(await s.get("/" + name), name);
      },
    },
    "odd names of directories are found": {
      tree: Object.fromEntries(ODD_NAMES.map((name) => [name, { a: name }])),
      async run(s) {
        assertEquals(await s.names("/"), [...ODD_NAMES].sort());
        for (const name of ODD_NAMES) {
          assertEquals(await s.get(`/${name}/a`), name);
          assertEquals(await s.storage.realPath(`/${name}/a`), `/${name}/a`);
        }
      },
    },
    "odd names that are not there are not-found": {
      tree: {},
      async run(s) {
        for (const name of ODD_NAMES) {
          await s.refuses("not-found", "no such file", () => s.storage.stat("/" + name));
        }
      },
    },
    "odd names of files are removed": async (s) => {
      for (const name of ODD_NAMES) await s.put("/" + name, name);
      for (const name of ODD_NAMES) await s.storage.remove("/" + name);
      assertEquals(await s.names("/"), []);
    },
    "odd names of directories are removed": async (s) => {
      for (const name of ODD_NAMES) await s.mkdir("/" + name);
      for (const name of ODD_NAMES) await s.storage.rmdir("/" + name);
      assertEquals(await s.names("/"), []);
    },
    "a name of 255 bytes survives the round trip": async (s) => {
      const long = ["a".repeat(255), "é".repeat(127) + "b"];
      for (const name of long) await s.put("/" + name);
      assertEquals(await s.names("/"), long.sort());
    },
    "a name of 256 bytes is invalid": async (s) => {
      for (const name of ["a".repeat(256), "é".repeat(128)]) {
        const path = "/" + name;
        const create = how("write", "create");
        const reason = "name too long";
        await s.refuses("invalid", reason, () => s.storage.open(path, create));
        await s.refuses("invalid", reason, () => s.storage.mkdir(path, {}));
        await s.refuses("invalid", reason, () => s.storage.stat(path));
      }
      assertEquals(await s.names("/"), []);
    },
    "a path of 5000 bytes is invalid": async (s) => {
      const path = "/a".repeat(2500);
      await s.refuses("invalid", "name too long", () => s.storage.stat(path));
    },
  },
};

/** Names with bytes that are not UTF-8, for storages that support them. */
export const rawNames: Group = {
  name: "raw names",
  cases: {
    "raw names of files survive the round trip": async (s) => {
      for (const [index, name] of RAW_NAMES.entries()) await s.put("/" + name, `${index}`);
      assertEquals(await s.names("/"), [...RAW_NAMES].sort());
      for (const [index, name] of RAW_NAMES.entries()) {
        assertEquals(await s.get("/" + name), `${index}`);
        await s.storage.remove("/" + name);
      }
      assertEquals(await s.names("/"), []);
    },
    "raw names of directories survive the round trip": async (s) => {
      for (const name of RAW_NAMES) {
        await s.mkdir("/" + name);
        await s.put(`/${name}/a`, "content");
        assertEquals(await s.storage.realPath(`/${name}/a`), `/${name}/a`);
        await s.storage.remove(`/${name}/a`);
        await s.storage.rmdir("/" + name);
      }
      assertEquals(await s.names("/"), []);
    },
    "rename() gives raw names": async (s) => {
      await s.put("/a", "content");
      await s.storage.rename("/a", "/\udcff");
      await s.storage.rename("/\udcff", "/\udcfe");
      assertEquals([await s.names("/"), await s.get("/\udcfe")], [["\udcfe"], "content"]);
    },
    "links contain raw names": {
      needs: ["links"],
      async run(s) {
        await s.put("/\udcff", "content");
        await s.storage.symlink("\udcff", "/\udcfe");
        assertEquals(await s.storage.readLink("/\udcfe"), "\udcff");
        assertEquals(await s.get("/\udcfe"), "content");
      },
    },
    "raw names are as long as their bytes": async (s) => {
      const name = "\udcff".repeat(255);
      await s.put("/" + name);
      assertEquals(await s.names("/"), [name]);
      await s.refuses("invalid", "name too long", () => s.storage.stat(`/${name}\udcff`));
    },
  },
};

/**
 * The same for storages that do not: they refuse such a name, and do not turn it into another one.
 */
export const refusedRawNames: Group = {
  name: "refused raw names",
  insteadOf: "raw names",
  cases: {
    "raw names are refused, and nothing is made": async (s) => {
      await s.put("/a", "content");
      for (const name of RAW_NAMES) {
        const path = "/" + name;
        for (
          const action of [
            () => s.storage.open(path, how("write", "create")),
            () => s.storage.mkdir(path, {}),
            () => s.storage.rename("/a", path),
            () => s.storage.symlink("a", path),
          ]
        ) {
          assertInstanceOf(await failureOf(action), StorageError);
        }
      }
      assertEquals([await s.names("/"), await s.get("/a")], [["a"], "content"]);
    },
  },
};
