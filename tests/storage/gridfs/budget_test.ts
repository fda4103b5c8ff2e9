import { assertEquals } from "@std/assert";
import { Budget } from "../../../lib/storage/gridfs/budget.ts";
import { needsMongo } from "../../support/mongodb.ts";
import { withBuckets } from "./support/buckets.ts";
import { open, randomBytes } from "./support/content.ts";

const FILES = 12;
const PIECE = 400_000;

Deno.test("Budget gives each an equal share, and what one leaves to the others", () => {
  const budget = new Budget(60);
  const [a, b] = [{}, {}];
  assertEquals(budget.share, 60);
  budget.join(a);
  budget.join(a);
  assertEquals(budget.share, 60);
  budget.join(b);
  assertEquals(budget.share, 30);
  budget.leave(a);
  assertEquals(budget.share, 60);
});

Deno.test({
  name: `${FILES} files are written and read in turn, and share the memory of the session`,
  ...needsMongo(),
  fn: () =>
    withBuckets(async (buckets) => {
      const storage = await buckets.storage();
      const content = randomBytes(2 * PIECE);
      const paths = Array.from({ length: FILES }, (_, index) => `/${index}`);
      const files = await Promise.all(paths.map((path) => open(storage, path, "write", "create")));
      for (const position of [0, PIECE]) {
        for (const file of files) {
          await file.write(content.subarray(position, position + PIECE), position);
        }
      }
      await Promise.all(files.map((file) => file.close(false)));
      const read = await Promise.all(paths.map((path) => open(storage, path, "read")));
      for (const position of [0, PIECE]) {
        for (const file of read) {
          const into = new Uint8Array(PIECE);
          assertEquals(await file.read(into, position), PIECE);
          assertEquals(into, content.subarray(position, position + PIECE));
        }
      }
      await Promise.all(read.map((file) => file.close(false)));
      await storage.close();
    }),
});
