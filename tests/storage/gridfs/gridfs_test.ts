import { needsMongo } from "../../support/mongodb.ts";
import { conformance } from "../../../lib/testing/mod.ts";
import { withBuckets } from "./support/buckets.ts";

Deno.test({
  name: "GridFsStorage keeps the promises of a storage",
  ...needsMongo(),
  fn: (t) =>
    withBuckets((buckets) =>
      conformance(t, async () => ({ storage: await buckets.storage(), tellsReasons: true }), [
        { reason: "names in the database are text", tests: ["raw names"] },
      ])
    ),
});
