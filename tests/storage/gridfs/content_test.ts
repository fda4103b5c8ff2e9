import { assertEquals } from "@std/assert";
import { needsMongo } from "../../support/mongodb.ts";
import { readAll } from "../../../lib/testing/subject.ts";
import { withSession } from "./support/buckets.ts";
import { driverReads, driverWrites, open, randomBytes } from "./support/content.ts";

const OPERATIONS = 60;
const LONGEST = 200;

Deno.test({
  name: "what a handle writes, cuts and lengthens in any order is what a buffer would have",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage }) => {
      // Chunks so small that most are sent before they change again; the first is copied, not edited.
      for (const chunkSizeBytes of [40, 9, 5, 3]) {
        for (let seed = 1; seed <= 3; seed++) {
          const random = numbers(seed * 100 + chunkSizeBytes);
          const filename = `${chunkSizeBytes} ${seed}`;
          let model = randomBytes(150);
          await driverWrites(buckets.db, name, filename, model, { chunkSizeBytes });
          const file = await open(storage, "/" + filename, "read", "write");
          for (let count = 0; count < OPERATIONS; count++) {
            const at = random(LONGEST);
            switch (random(6)) {
              case 0:
                model = resized(model, at);
                await file.setAttrs({ size: at });
                break;
              case 1:
                await storage.extensions.fsync!(file);
                break;
              case 2:
                assertEquals(await readAll(file), model, `${filename}, step ${count}`);
                break;
              default: {
                const data = randomBytes(1 + random(30));
                model = resized(model, Math.max(model.length, at + data.length));
                model.set(data, at);
                await file.write(data, at);
              }
            }
          }
          assertEquals((await file.stat()).size, model.length);
          await file.close(false);
          assertEquals(await driverReads(buckets.db, name, filename), model, filename);
        }
      }
    }),
});

function resized(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const other = new Uint8Array(length);
  other.set(bytes.subarray(0, length));
  return other;
}

/** Whole numbers below a limit that look random and are the same each time. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % limit;
  };
}
