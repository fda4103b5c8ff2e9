import { assert, assertEquals } from "@std/assert";
import type { FileHandle } from "../../storage/storage.ts";
import type { Group } from "../case.ts";
import { bytesOf, how, pattern, type Subject } from "../subject.ts";

/** hardlink@openssh.com */
export const hardLinks: Group = {
  name: "hardLink",
  needs: ["hardLink"],
  cases: {
    "hardLink() gives a file a second name": async (s) => {
      await s.put("/a", "content");
      await s.extension("hardLink")("/a", "/b");
      await s.put("/b", "changed");
      assertEquals([await s.get("/a"), await s.kind("/b")], ["changed", "file"]);
      await s.storage.remove("/a");
      assertEquals([await s.names("/"), await s.get("/b")], [["b"], "changed"]);
    },
    "hardLink() increases the number of links, if a storage returns it": async (s) => {
      await s.put("/a", "content");
      await s.extension("hardLink")("/a", "/b");
      for (const { links } of await s.list("/")) assertEquals(links ?? 2, 2);
    },
    "hardLink() fails where there is something, and keeps it": async (s) => {
      await s.put("/a", "first");
      await s.put("/b", "second");
      await s.refuses("failure", "file exists", () => s.extension("hardLink")("/a", "/b"));
      await s.refuses("failure", "file exists", () => s.extension("hardLink")("/a", "/a"));
      assertEquals([await s.get("/a"), await s.get("/b")], ["first", "second"]);
    },
    "hardLink() of a name that is not there is not-found": async (s) => {
      await s.refuses("not-found", "no such file", () => s.extension("hardLink")("/a", "/b"));
      await s.put("/a");
      await s.refuses("not-found", "no such file", () => s.extension("hardLink")("/a", "/no/b"));
    },
    "hardLink() of a directory is denied": async (s) => {
      await s.mkdir("/d");
      const action = () => s.extension("hardLink")("/d", "/e");
      await s.refuses("denied", "operation not permitted", action);
      assertEquals(await s.names("/"), ["d"]);
    },
  },
};

/** lsetstat@openssh.com */
export const linkAttributes: Group = {
  name: "setLinkAttrs",
  needs: ["setLinkAttrs"],
  cases: {
    "setLinkAttrs() changes a link's times and not its target's": {
      needs: ["links"],
      async run(s) {
        await s.put("/a");
        await s.storage.setAttrs("/a", { atime: 1, mtime: 2 });
        await s.storage.symlink("a", "/link");
        await s.extension("setLinkAttrs")("/link", { atime: 3, mtime: 4 });
        assertEquals((await s.storage.stat("/a")).mtime, 2);
        assertEquals((await s.storage.lstat("/link")).mtime, 4);
      },
    },
    "setLinkAttrs() of what is not a link is as setAttrs()": async (s) => {
      await s.put("/a");
      await s.extension("setLinkAttrs")("/a", { atime: 3, mtime: 4 });
      assertEquals((await s.storage.stat("/a")).mtime, 4);
    },
    "setLinkAttrs() takes a link that leads nowhere": {
      needs: ["links"],
      async run(s) {
        await s.storage.symlink("no", "/link");
        const { uid, gid } = await s.storage.lstat("/link");
        await s.extension("setLinkAttrs")("/link", { atime: 3, mtime: 4, uid, gid });
        assertEquals((await s.storage.lstat("/link")).mtime, 4);
      },
    },
    "setLinkAttrs() of a name that is not there is not-found": async (s) => {
      const action = () => s.extension("setLinkAttrs")("/no", { atime: 1, mtime: 2 });
      await s.refuses("not-found", "no such file", action);
    },
  },
};

/** statvfs@openssh.com, fstatvfs@openssh.com, fsync@openssh.com, users-groups-by-id@openssh.com */
export const figures: Group = {
  name: "figures",
  cases: {
    "statVfs() returns figures that fit together": {
      needs: ["statVfs"],
      async run(s) {
        const told = await s.extension("statVfs")("/");
        for (const [name, figure] of Object.entries(told)) {
          assert(typeof figure === "bigint" && figure >= 0n, `${name} is ${figure}`);
        }
        assert(told.bsize > 0n && told.frsize > 0n && told.namemax > 0n);
        assert(told.blocks >= told.bfree && told.bfree >= told.bavail);
        assert(told.files >= told.ffree);
      },
    },
    "statVfs() of a name that is not there is not-found": {
      needs: ["statVfs"],
      async run(s) {
        await s.refuses("not-found", "no such file", () => s.extension("statVfs")("/no"));
      },
    },
    "fileStatVfs() returns what statVfs() returns": {
      needs: ["statVfs", "fileStatVfs"],
      async run(s) {
        await s.put("/a");
        await s.using("/a", how("read"), async (file) => {
          const told = await s.extension("fileStatVfs")(file);
          const { blocks, frsize, namemax } = await s.extension("statVfs")("/a");
          assertEquals([told.blocks, told.frsize, told.namemax], [blocks, frsize, namemax]);
        });
      },
    },
    "fsync() keeps what was written": {
      needs: ["fsync"],
      async run(s) {
        await s.using("/a", how("write", "create"), async (file) => {
          await file.write(bytesOf("content"), 0);
          await s.extension("fsync")(file);
        });
        assertEquals(await s.get("/a"), "content");
      },
    },
    "ownerNames() returns a name for each number, in order": {
      needs: ["ownerNames"],
      async run(s) {
        const told = await s.extension("ownerNames")([0, 4_294_967_294, 0], [4_294_967_294]);
        assertEquals([told.users.length, told.groups.length], [3, 1]);
        assertEquals(told.users[0], told.users[2]);
        assertEquals(await s.extension("ownerNames")([], []), { users: [], groups: [] });
      },
    },
  },
};

/** copy-data */
export const copying: Group = {
  name: "copyData",
  needs: ["copyData"],
  cases: {
    "copyData() copies a whole file": async (s) => {
      const bytes = pattern(1_500_000);
      await s.put("/a", bytes);
      assertEquals(await copy(s, { length: Infinity }), 1_500_000);
      assertEquals(await s.bytes("/b"), bytes);
    },
    "copyData() copies a range to a place": async (s) => {
      await s.put("/a", "0123456789");
      await s.put("/b", "abcdefghij");
      assertEquals(await copy(s, { sourcePosition: 2, length: 3, targetPosition: 5 }), 3);
      assertEquals(await s.get("/b"), "abcde234ij");
      assertEquals(await s.get("/a"), "0123456789");
    },
    "copyData() makes the target longer, with zeros in the gap": async (s) => {
      await s.put("/a", "0123456789");
      await s.put("/b", "ab");
      await copy(s, { sourcePosition: 7, length: 3, targetPosition: 4 });
      assertEquals(await s.get("/b"), "ab\0\x00789");
    },
    "copyData() returns how much there was at the source's end": async (s) => {
      await s.put("/a", "0123456789");
      assertEquals(await copy(s, { sourcePosition: 8, length: 100 }), 2);
      assertEquals(await s.get("/b"), "89");
      assertEquals(await copy(s, { sourcePosition: 10, length: 100 }), 0);
      assertEquals(await copy(s, { sourcePosition: 1000, length: 100 }), 0);
      assertEquals(await s.get("/b"), "89");
    },
    "copyData() within one file is refused, also by two handles": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("read", "write"), async (first) => {
        await s.refuses("failure", "", () => copyBetween(s, first, first));
        await s.using("/a", how("write"), async (second) => {
          await s.refuses("failure", "", () => copyBetween(s, first, second));
        });
      });
      assertEquals(await s.get("/a"), "content");
    },
    "copyData() needs a source to read and a target to write": async (s) => {
      await s.put("/a", "content");
      await s.put("/b", "other");
      const reason = "not open for this";
      await s.using("/a", how("write"), async (a) => {
        await s.using("/b", how("write"), async (b) => {
          await s.refuses("not-found", reason, () => copyBetween(s, a, b));
        });
      });
      await s.using("/a", how("read"), async (a) => {
        await s.using("/b", how("read"), async (b) => {
          await s.refuses("not-found", reason, () => copyBetween(s, a, b));
        });
      });
      assertEquals(await s.get("/b"), "other");
    },
  },
};

/** Copies from `/a` to `/b`. */
function copy(
  s: Subject,
  range: {
    readonly sourcePosition?: number;
    readonly length: number;
    readonly targetPosition?: number;
  },
): Promise<number> {
  const { sourcePosition = 0, length, targetPosition = 0 } = range;
  return s.using(
    "/a",
    how("read"),
    (source) =>
      s.using(
        "/b",
        how("write", "create"),
        (target) =>
          s.extension("copyData")({ source, sourcePosition, length, target, targetPosition }),
      ),
  );
}

function copyBetween(s: Subject, source: FileHandle, target: FileHandle) {
  return s.extension("copyData")({
    source,
    sourcePosition: 0,
    length: 3,
    target,
    targetPosition: 10,
  });
}
