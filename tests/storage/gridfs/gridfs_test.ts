import { keepsByteOrderMark } from "../../../lib/storage/gridfs/names.ts";
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
        ...keepsByteOrderMark ? [] : [{
          reason: "Deno 2.6 swallows a byte order mark at the beginning of a filename",
          tests: [
            "odd names of files are found",
            "odd names of directories are found",
            "odd names that are not there are not-found",
            "odd names of files are removed",
            "odd names of directories are removed",
          ],
        }],
      ])
    ),
});
