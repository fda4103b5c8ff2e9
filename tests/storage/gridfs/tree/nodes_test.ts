import { assertEquals } from "@std/assert";
import { Long } from "mongodb";
import { needsMongo } from "../../../support/mongodb.ts";
import { withSession } from "../support/buckets.ts";

Deno.test({
  name: "attributes of a wrong type in the database are ignored",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const [files, nodes] = ["files", "nodes"].map((part) =>
        buckets.db.collection<{ _id: unknown; [field: string]: unknown }>(`${name}.${part}`)
      );
      const wrong = [
        { mode: "rwx", uid: -1, gid: 1.5, atime: "now", mtime: 5 },
        { mode: null, uid: 2 ** 32, gid: Long.MAX_VALUE, atime: [], mtime: {} },
        { mode: 0o170000, uid: "0", gid: new Date(), atime: /now/, mtime: null },
      ];
      const odd = [[1, 2], new Date(), "text", 5, null, Long.ONE];
      for (const [index, metadata] of [...wrong, ...odd].entries()) {
        const uploadDate = new Date(7000);
        await files!.insertOne({
          ...{ _id: index, length: 0, chunkSize: 5, uploadDate, filename: `f${index}`, metadata },
        });
      }
      for (const [index, metadata] of wrong.entries()) {
        await nodes!.insertOne({ _id: `/d${index}`, parent: "/", ...metadata });
        await nodes!.insertOne({ _id: `/l${index}`, parent: "/", target: "f0", ...metadata });
      }
      assertEquals((await s.names("/")).length, 15);
      for (const entry of await s.list("/")) {
        const { permissions, uid, gid, atime, mtime } = entry.attrs;
        assertEquals([uid, gid], [0, 0], entry.name);
        const isFile = entry.name.startsWith("f");
        assertEquals([atime, mtime], isFile ? [7, 7] : [undefined, undefined], entry.name);
        const isNone = entry.name.endsWith("2") && entry.name !== "f12";
        if (isNone) assertEquals(permissions! & 0o7777, 0, entry.name);
      }
      for (const { name } of await s.list("/")) {
        if (name.startsWith("l")) continue;
        await storage.setAttrs(`/${name}`, { permissions: 0o711, mtime: 9, atime: 9 });
        const { permissions, mtime } = await storage.stat(`/${name}`);
        assertEquals([permissions! & 0o7777, mtime], [0o711, 9], name);
      }
      assertEquals(await s.get("/l0"), "");
    }),
});

Deno.test({
  name: "dates beyond the range of the wire become its last and its first",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage }) => {
      const files = buckets.db.collection(`${name}.files`);
      const metadata = { mtime: new Date("2200-01-01"), atime: new Date("1900-01-01") };
      const file = { length: 0, chunkSize: 5, filename: "a", uploadDate: new Date(), metadata };
      await files.insertOne(file);
      const { mtime, atime } = await storage.stat("/a");
      assertEquals([mtime, atime], [0xffff_ffff, 0]);
    }),
});

Deno.test({
  name: "a link without a target, and directories of any key, spoil nothing but themselves",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const nodes = buckets.db.collection<{ _id: unknown; [field: string]: unknown }>(
        `${name}.nodes`,
      );
      await nodes.insertOne({ _id: "/number", parent: "/", target: 5 });
      await nodes.insertOne({ _id: "/null", parent: "/", target: null });
      await nodes.insertOne({ _id: "/empty", parent: "/", target: "" });
      await nodes.insertOne({ _id: 5, parent: "/" });
      await nodes.insertOne({ _id: "d", parent: "/" });
      await nodes.insertOne({ _id: "/a/b", parent: ["/"] });
      await nodes.insertOne({ _id: "/", parent: "/" });
      await s.mkdir("/kept");
      assertEquals(await s.names("/"), ["empty", "kept", "null", "number"]);
      for (const path of ["/number", "/null", "/empty"]) {
        assertEquals(await s.kind(path), "link");
        const reason = "the link's document has no target";
        await s.refuses("failure", reason, () => storage.readLink(path));
        await s.refuses("failure", reason, () => storage.stat(path));
        await s.refuses("failure", reason, () => storage.openDir(path));
        await s.refuses("failure", reason, () => storage.realPath(path));
        await storage.remove(path);
      }
      assertEquals(await s.names("/"), ["kept"]);
    }),
});
