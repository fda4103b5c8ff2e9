import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";
import { bytesOf, how, type Subject } from "../subject.ts";
import type { Tree } from "../tree.ts";

const TREE: Tree = { a: "content", d: { b: "more" }, e: {} };

/** Extensions that change something: a storage that cannot write does not offer them. */
const CHANGES = ["posixRename", "hardLink", "setLinkAttrs", "fsync", "copyData"] as const;

/** For storages that change nothing: they say so, and stay as they are. */
export const refusedWriting: Group = {
  name: "refused writing",
  insteadOf: "writing",
  cases: {
    "open() to write is refused": {
      tree: TREE,
      async run(s) {
        for (
          const options of [
            how("write"),
            how("read", "write"),
            how("write", "append"),
            how("write", "truncate"),
            how("write", "create"),
            how("write", "create", "truncate"),
            how("write", "create", "exclusive"),
          ]
        ) {
          await s.refusesToServe(() => s.storage.open("/a", options));
        }
        await assertAsItWas(s);
      },
    },
    "open() makes no file and cuts none, even if it is opened for reading": {
      tree: TREE,
      async run(s) {
        await s.refusesToServe(() => s.storage.open("/new", how("write", "create")));
        await s.refusesToServe(() => s.storage.open("/new", how("read", "create")));
        await s.refusesToServe(() => s.storage.open("/a", how("read", "truncate")));
        await assertAsItWas(s);
      },
    },
    "an open file is neither written nor changed": {
      tree: TREE,
      async run(s) {
        await s.using("/a", how("read"), async (file) => {
          await s.refusesToServe(() => file.write(bytesOf("x"), 0));
          await s.refusesToServe(() => file.setAttrs({ size: 0 }));
          await s.refusesToServe(() => file.setAttrs({ permissions: 0o600 }));
        });
        await assertAsItWas(s);
      },
    },
    "setAttrs() is refused": {
      tree: TREE,
      async run(s) {
        for (const attrs of [{ size: 0 }, { permissions: 0o600 }, { atime: 1, mtime: 2 }]) {
          await s.refusesToServe(() => s.storage.setAttrs("/a", attrs));
        }
        await assertAsItWas(s);
      },
    },
    "mkdir() and symlink() are refused": {
      tree: TREE,
      async run(s) {
        await s.refusesToServe(() => s.storage.mkdir("/new", {}));
        await s.refusesToServe(() => s.storage.symlink("a", "/new"));
        await assertAsItWas(s);
      },
    },
    "remove() and rmdir() are refused": {
      tree: TREE,
      async run(s) {
        await s.refusesToServe(() => s.storage.remove("/a"));
        await s.refusesToServe(() => s.storage.rmdir("/e"));
        await assertAsItWas(s);
      },
    },
    "rename() is refused": {
      tree: TREE,
      async run(s) {
        await s.refusesToServe(() => s.storage.rename("/a", "/new"));
        await s.refusesToServe(() => s.storage.rename("/d", "/e/d"));
        await assertAsItWas(s);
      },
    },
    "no extension is offered that changes anything": {
      tree: {},
      run({ storage }) {
        const offered = CHANGES.filter((name) => storage.extensions[name] !== undefined);
        assertEquals(offered, []);
        return Promise.resolve();
      },
    },
  },
};

async function assertAsItWas(s: Subject): Promise<void> {
  assertEquals([await s.names("/"), await s.names("/d")], [["a", "d", "e"], ["b"]]);
  assertEquals([await s.get("/a"), await s.get("/d/b")], ["content", "more"]);
}
