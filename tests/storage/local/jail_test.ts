import { assert, assertEquals, assertRejects } from "@std/assert";
import { isPromise } from "../../../lib/async/maybe_promise.ts";
import { StorageError } from "../../../lib/storage/errors.ts";
import { JailStorage } from "../../../lib/storage/local/jail.ts";
import { openKernelRoot } from "../../../lib/storage/local/kernel/root.ts";
import type { Root, RootCopy, RootFile } from "../../../lib/storage/local/root.ts";
import { how } from "../../../lib/testing/subject.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { withTempDir } from "../../support/files.ts";

/** Opened once, and before the first test: it stays open. */
const libc = openLibc();

/** A jail whose files are sparse and have no end to speak of: to copy one would fill every disk. */
function endless(copies: RootCopy[]): JailStorage {
  const file: Partial<RootFile> = {
    isSameAs: () => false,
    copy(range) {
      copies.push(range);
      return range.length;
    },
    close: () => {},
  };
  const root: Partial<Root> = { bytewise: true, open: () => file as RootFile, close: () => {} };
  return new JailStorage(root as Root);
}

for (const way of ["at once", "by a promise"]) {
  Deno.test(`copyData() of a file without end looks up between its pieces, ${way}`, async () => {
    const copies: RootCopy[] = [];
    const storage = endless(copies);
    let looks = 0;
    const checkpoint = () => {
      if (++looks < 8) return way === "at once" ? undefined : Promise.resolve();
      throw new StorageError("failure", "the session is over");
    };
    const range = {
      source: await storage.open("/a", how("read")),
      sourcePosition: 5,
      length: Infinity,
      target: await storage.open("/b", how("write")),
      targetPosition: 7,
      checkpoint,
    };
    await assertRejects(
      async () => void await storage.extensions.copyData!(range),
      StorageError,
      "the session is over",
    );
    assertEquals(copies.length, 8);
    // Each goes on where the one before has ended.
    let at = 0;
    for (const { from, to, length } of copies) {
      assertEquals({ from, to }, { from: 5 + at, to: 7 + at });
      assert(length <= 2 ** 30);
      at += length;
    }
  });
}

Deno.test("copyData() copies in pieces what it copies in one", async () => {
  await withTempDir(async (directory) => {
    const bytes = new Uint8Array(40 * 1024 * 1024).map((_, at) => (at * 31 + (at >> 12)) & 0xff);
    await Deno.writeFile(`${directory}/a`, bytes);
    const storage = new JailStorage(openKernelRoot(directory, libc));
    const source = await storage.open("/a", how("read"));
    const target = await storage.open("/b", how("write", "create"));
    const range = { source, sourcePosition: 3, length: Infinity, target, targetPosition: 0 };
    const copied = storage.extensions.copyData!(range);
    // Without a look that takes time it is done at once.
    assert(!isPromise(copied));
    assertEquals(copied, bytes.length - 3);
    source.close();
    target.close();
    storage.close();
    const copy = await Deno.readFile(`${directory}/b`);
    assertEquals(copy.length, bytes.length - 3);
    assert(copy.every((byte, at) => byte === bytes[at + 3]));
  });
});
