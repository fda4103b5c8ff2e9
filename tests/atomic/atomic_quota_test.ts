/** Uploads that are whole, in a jail under a quota: `atomic(quota(jail))`, as the program does it. */

import { assertEquals, assertRejects } from "@std/assert";
import { atomic } from "../../lib/atomic/atomic.ts";
import { quota, QuotaCount } from "../../lib/quota/quota.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { withTempDir } from "../support/files.ts";
import { JAILS } from "./jails.ts";
import { namesIn, open, put, textIn } from "./support.ts";

const KIBIBYTE = 1024;

for (const kind of JAILS) {
  Deno.test(`atomic(quota()) behaves to a session like the jail in it: ${kind.name}`, async (t) => {
    await conformance(t, async () => {
      const directory = await Deno.realPath(await Deno.makeTempDir());
      const limited = await quota(kind.open(directory), { bytes: 2 ** 50, files: 2 ** 20 });
      return {
        storage: atomic(limited),
        tellsReasons: true,
        dispose: () => Deno.remove(directory, { recursive: true }),
      };
    }, kind.skips);
  });

  Deno.test(`an upload beyond the quota leaves the old file and no draft: ${kind.name}`, async () => {
    await withTempDir(async (directory) => {
      const limit = { bytes: 1024 * KIBIBYTE, count: new QuotaCount() };
      const session = async () => atomic(await quota(kind.open(directory), limit));
      const storage = await session();
      await put(storage, "/report", "old");
      const file = await open(storage, "/report", "write", "create", "truncate");
      await file.write(new Uint8Array(256 * KIBIBYTE), 0);
      const beyond = new Uint8Array(1024 * KIBIBYTE);
      const failure = await assertRejects(async () => await file.write(beyond, 0), StorageError);
      assertEquals(failure.message, "quota exceeded");
      await file.close(true);
      const other = await session();
      assertEquals([await textIn(other, "/report"), await namesIn(other)], ["old", ["report"]]);
      // What the draft took is free again, and so is what each new version replaces.
      for (let version = 0; version < 8; version++) {
        await put(storage, "/report", "x".repeat(300 * KIBIBYTE));
      }
      assertEquals((await textIn(other, "/report")).length, 300 * KIBIBYTE);
      await other.close();
      await storage.close();
    });
  });
}
