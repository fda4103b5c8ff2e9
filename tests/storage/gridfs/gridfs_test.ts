import { needsMongo } from "../../support/mongodb.ts";
import { conformance } from "../../../lib/testing/mod.ts";
import { withBuckets } from "./support/buckets.ts";

/** FerretDB counts all that it has for dbStats, which takes a while on a busy machine. */
const DB_STATS_LIMIT_MS = 120_000;

Deno.test({
  name: "GridFsStorage keeps the promises of a storage",
  ...needsMongo(),
  fn: (t) =>
    withBuckets((buckets) =>
      conformance(t, async () => ({ storage: await buckets.storage(), tellsReasons: true }), [
        { reason: "names in the database are text", tests: ["raw names"] },
      ], { call: DB_STATS_LIMIT_MS, test: 2 * DB_STATS_LIMIT_MS })
    ),
});
