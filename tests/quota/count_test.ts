import { assertEquals } from "@std/assert";
import { Count, type Counted } from "../../lib/quota/count.ts";
import { MemoryBooks } from "../../lib/quota/ledger.ts";
import { quota, QuotaCount } from "../../lib/quota/quota.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { Subject } from "../../lib/testing/subject.ts";
import { put } from "../policy/limited.ts";

/** A tree with two names of one file, and a count of it that has not begun. */
async function prepared() {
  const storage = new MemoryStorage();
  for (const path of ["/a", "/b"]) storage.mkdir(path, {});
  await put(storage, "/a/file", "12345");
  storage.extensions.hardLink!("/a/file", "/b/again");
  storage.symlink("123", "/b/link");
  const ledger = new MemoryBooks().ledger();
  const found: Counted[] = [];
  const support = storage.usage;
  const count = new Count(storage, { support, ledger, done: (counted) => found.push(counted) });
  return { storage, ledger, found, count };
}

const ALL = { bytes: 8, files: 5 };

Deno.test("a count sees each node once, whatever its names", async () => {
  const { ledger, found, count } = await prepared();
  count.run();
  assertEquals(found, [{ before: { bytes: 0, files: 0 }, now: ALL, isExact: true }]);
  ledger.look(({ used, counted }) => assertEquals([used, counted > 0], [ALL, true]));
});

Deno.test("a count that nothing disturbs makes the books right, and they are sure again", async () => {
  const { ledger, count } = await prepared();
  ledger.enter(({ books }) => {
    books.used = { bytes: 1000, files: 1 };
    books.unsure = true;
  });
  count.run();
  ledger.look(({ used, unsure }) => assertEquals([used, unsure], [ALL, false]));
});

Deno.test("a removed file that is still open counts", async () => {
  const { storage, ledger, count } = await prepared();
  storage.remove("/a/file");
  storage.remove("/b/again");
  ledger.enter(({ books }) => void books.open.set("gone", { bytes: 5, holders: [0] }));
  count.run();
  ledger.look(({ used }) => assertEquals(used, { bytes: 8, files: 5 }));
});

for (
  const [what, said, change, then] of [
    ["the books stay if they may be right", ALL, { bytes: 7, files: 1 }, { bytes: 15, files: 6 }],
    ["too little becomes the most that it can be", { bytes: 0, files: 0 }, { bytes: 7, files: 1 }, {
      bytes: 15,
      files: 6,
    }],
    ["too much becomes the most that it can be", { bytes: 99, files: 99 }, { bytes: 7, files: 1 }, {
      bytes: 15,
      files: 6,
    }],
  ] as const
) {
  Deno.test(`where a session has added something meanwhile, ${what}`, async () => {
    const { ledger, found, count } = await prepared();
    ledger.enter(({ books }) => void (books.used = { ...said }));
    count.step();
    ledger.enter(({ books }) => {
      for (const unit of ["bytes", "files"] as const) {
        books.used[unit] += change[unit];
        books.added[unit] += change[unit];
      }
    });
    while (found.length === 0) count.step();
    assertEquals([found[0]!.now, found[0]!.isExact], [then, false]);
    assertEquals(ledger.look(({ used }) => used), then);
  });
}

Deno.test("a name that has moved meanwhile may have been missed: the books stay", async () => {
  const { ledger, found, count } = await prepared();
  ledger.enter(({ books }) => void (books.used = { bytes: 99, files: 9 }));
  count.step();
  ledger.enter(({ books }) => void books.moves++);
  while (found.length === 0) count.step();
  assertEquals(found[0]!.now, { bytes: 99, files: 9 });
  // The next attempt is not disturbed.
  while (found.length === 1) count.step();
  assertEquals([found[1]!.now, found[1]!.isExact], [ALL, true]);
});

Deno.test("what the file system may still add is kept until it can be on the disk", async () => {
  const { ledger, count } = await prepared();
  const owed = () => ledger.look((books) => books.owed.bytes);
  ledger.enter(({ books }) => void (books.owed = { bytes: 4096, since: Date.now() }));
  count.run();
  assertEquals(owed(), 4096);
  ledger.enter(({ books }) => void (books.owed.since -= 120_000));
  count.run();
  assertEquals(owed(), 0);
});

Deno.test("storages that share a count share the quota, and what was there is counted first", async () => {
  const memory = new MemoryStorage();
  await put(memory, "/old", "12345");
  const count = new QuotaCount();
  const [one, other] = [
    await quota(memory, { bytes: 9, count }),
    await quota(memory, { bytes: 9, count }),
  ];
  await put(one, "/new", "123");
  const failure = await new Subject(other, true).put("/more", "12").catch((error) => error.message);
  assertEquals(failure, "quota exceeded");
  await new Subject(other, true).put("/more", "1");
});
