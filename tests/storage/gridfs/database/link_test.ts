import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Db, MongoClient, MongoNetworkError, MongoServerError } from "mongodb";
import { Silence } from "../../../../lib/storage/gridfs/database/gridfs_errors.ts";
import { Link } from "../../../../lib/storage/gridfs/database/link.ts";
import { needsFerretDb, withKillableMongo } from "../../../support/mongodb.ts";
import { linkOn } from "../support/buckets.ts";
import { LazyLine } from "../support/lazy_line.ts";

/** No test asks it for anything. */
const NO_DATABASE = {} as Db;

/** Long enough for a database on this machine, however busy it is. */
const ATTEMPT = 1500;

Deno.test("Link repeats an operation when the connection broke, and says so", async () => {
  const attempts: boolean[] = [];
  const done = await linkOn(NO_DATABASE).persistently((again) => {
    attempts.push(again);
    return attempts.length < 3
      ? Promise.reject(new MongoNetworkError("gone"))
      : Promise.resolve("done");
  });
  assertEquals([done, attempts], ["done", [false, true, true]]);
});

Deno.test("Link does not repeat what the database refused, or a step of a transaction", async () => {
  const link = linkOn(NO_DATABASE);
  for (
    const { error, isStep } of [
      { error: new MongoServerError({ message: "no", code: 13 }), isStep: false },
      { error: new MongoNetworkError("gone"), isStep: true },
      { error: new TypeError("bug"), isStep: false },
    ]
  ) {
    let count = 0;
    const failing = link.persistently(() => {
      count++;
      return Promise.reject(error);
    }, { isStep });
    assertEquals(await assertRejects(() => failing), error);
    assertEquals(count, 1);
  }
});

Deno.test("Link gives up an operation that gets no answer twice", async () => {
  const link = new Link({ reach: () => ({ db: NO_DATABASE }), attempt: 10 });
  let count = 0;
  const failing = link.persistently(() => {
    count++;
    return new Promise<never>(() => {});
  });
  await assertRejects(() => failing, Silence);
  assertEquals(count, 2);
});

Deno.test("Link waits at its end for what is still under way, and repeats nothing", async () => {
  const link = linkOn(NO_DATABASE);
  const lost = Promise.withResolvers<never>();
  let count = 0;
  const work = link.persistently(() => {
    count++;
    return lost.promise;
  });
  let isOver = false;
  const end = link.close().then(() => isOver = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(isOver, false);
  lost.reject(new MongoNetworkError("gone"));
  await assertRejects(() => work, MongoNetworkError);
  await end;
  assertEquals(count, 1);
});

/** Runs `use` with a link that runs over a line. */
async function withLine(use: (link: Link, line: LazyLine) => Promise<void>): Promise<void> {
  await withKillableMongo(async ({ uri, database }) => {
    await using line = new LazyLine(Number(new URL(uri).port));
    const link = new Link({
      attempt: ATTEMPT,
      reach(looksFor) {
        const client = new MongoClient(`mongodb://127.0.0.1:${line.port}/`, {
          serverSelectionTimeoutMS: looksFor,
        });
        return { client, db: client.db(database) };
      },
    });
    try {
      await use(link, line);
    } finally {
      await link.close();
    }
  });
}

Deno.test({
  name: "Link throws away a client that gets no answer, and repeats the operation with a new one",
  ...needsFerretDb(),
  fn: () =>
    withLine(async (link, line) => {
      const insert = (_id: number) =>
        link.persistently(() => link.db.collection<{ _id: number }>("c").insertOne({ _id }));
      await insert(1);
      const first = link.client;
      line.silence();
      // Several at once: the new client is not thrown away again.
      await Promise.all([2, 3, 4].map(insert));
      assert(link.client !== first);
      const second = link.client;
      await insert(5);
      assert(link.client === second);
      assertEquals(await link.persistently(() => link.db.collection("c").countDocuments()), 5);
    }),
});

Deno.test({
  name: "Link closes although its client gets no answer",
  ...needsFerretDb(),
  fn: () =>
    withLine(async (link, line) => {
      await link.persistently(() => link.db.collection("c").countDocuments());
      line.silence();
    }),
});
