import type { Db } from "mongodb";
import { needsMongo } from "../../support/mongodb.ts";
import { conformance } from "../../../lib/testing/mod.ts";
import { Buckets, withBuckets } from "./support/buckets.ts";

/** FerretDB counts all that a database has for dbStats, which takes a while on a busy machine. */
const DB_STATS_LIMIT_MS = 120_000;

Deno.test({
  name: "GridFsStorage keeps the promises of a storage",
  ...needsMongo(),
  fn: (t) =>
    withBuckets(async ({ client, db }) => {
      const made: Db[] = [];
      try {
        await conformance(
          t,
          async () => {
            const own = client.db(`${db.databaseName}_${made.length}`);
            made.push(own);
            return { storage: await new Buckets(client, own).storage(), tellsReasons: true };
          },
          [{ reason: "names in the database are text", tests: ["raw names"] }],
          { call: DB_STATS_LIMIT_MS, test: 2 * DB_STATS_LIMIT_MS },
        );
      } finally {
        for (const own of made) await own.dropDatabase();
      }
    }),
});
