import { assert, assertEquals } from "@std/assert";
import { connect } from "../../../lib/storage/gridfs/database/bucket.ts";
import { GridFsStorage } from "../../../lib/storage/gridfs/gridfs.ts";
import { needsFerretDb, withKillableMongo } from "../../support/mongodb.ts";
import { subject } from "./support/content.ts";
import { LazyLine } from "./support/lazy_line.ts";

Deno.test({
  name: "a replica set without transactions is served step by step",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async ({ uri, database }) => {
      const storage = await GridFsStorage.open(`${uri}?directConnection=true`, { database });
      const s = subject(storage);
      await storage.mkdir("/a", {});
      await s.put("/a/b", "content");
      await storage.rename("/a", "/c");
      assertEquals([await s.names("/"), await s.get("/c/b")], [["c"], "content"]);
      await storage.close();
    }, { set: "one" }),
});

const USER = { name: "ada", password: "p@ss:w/rd" };

Deno.test({
  name: "a client that replaces one that hangs uses TLS and logs in although the file is gone",
  ...needsFerretDb("openssl"),
  fn: () =>
    withKillableMongo(async ({ uri, database, directory }) => {
      const { host, port } = new URL(uri);
      await using line = new LazyLine(Number(port));
      const bucket = await connect(uri.replace(host, `127.0.0.1:${line.port}`), {
        database,
        credentials: { username: USER.name, password: USER.password },
      });
      await Deno.remove(`${directory}/cert`);
      const insert = (_id: number) =>
        bucket.link.persistently(
          () => bucket.link.db.collection<{ _id: number }>("c").insertOne({ _id }),
          { attempt: 1500 },
        );
      await insert(1);
      const first = bucket.link.client;
      line.silence();
      await insert(2);
      assert(bucket.link.client !== first);
      await bucket.link.close();
    }, { user: USER }),
});
