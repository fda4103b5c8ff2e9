import { assertEquals } from "@std/assert";
import type { Books } from "../../lib/quota/books.ts";
import { Counter } from "../../lib/quota/counter.ts";
import { MemoryBooks } from "../../lib/quota/ledger.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { put } from "../policy/limited.ts";

const MINUTE_MS = 60_000;

/** A counter of a storage with one file of five bytes, whose books are as `change` makes them. */
async function prepared(change: (books: Books) => void) {
  const storage = new MemoryStorage();
  await put(storage, "/file", "12345");
  const ledger = new MemoryBooks().ledger();
  ledger.enter(({ books }) => change(Object.assign(books, { counted: Date.now() })));
  const failures: unknown[] = [];
  const options = { support: storage.usage, ledger, done: () => {} };
  const counter = new Counter(storage, options, (failure) => failures.push(failure));
  return { storage, ledger, counter, failures };
}

for (
  const [what, isDue, change] of [
    ["were counted a moment ago", false, () => {}],
    ["know of a session that died", true, (books: Books) => void (books.unsure = true)],
    ["are a day old", true, (books: Books) => void (books.counted -= 25 * 60 * MINUTE_MS)],
    ["owe what is on the disk by now", true, (books: Books) => {
      books.owed = { bytes: 4096, since: Date.now() - 2 * MINUTE_MS };
    }],
    ["owe what may not be on the disk yet", false, (books: Books) => {
      books.owed = { bytes: 4096, since: Date.now() };
    }],
  ] as const
) {
  Deno.test(`books that ${what} are ${isDue ? "" : "not "}counted anew`, async () => {
    const { counter, ledger } = await prepared(change);
    assertEquals(counter.isDue, isDue);
    while (counter.isDue) counter.step();
    assertEquals(ledger.look(({ used }) => used.bytes), isDue ? 5 : 0);
  });
}

Deno.test("a refusal has everything counted anew, once a minute at most", async () => {
  const { counter, ledger } = await prepared((books) => {
    books.used = { bytes: 1000, files: 9 };
    books.counted -= 2 * MINUTE_MS;
  });
  assertEquals(counter.isDue, false);
  counter.refused();
  assertEquals(counter.isDue, true);
  while (counter.isDue) counter.step();
  assertEquals(ledger.look(({ used }) => used), { bytes: 5, files: 2 });
  counter.refused();
  assertEquals(counter.isDue, false);
});

Deno.test("a count that fails is told of and given up", async () => {
  const { counter, failures, ledger } = await prepared((books) => void (books.unsure = true));
  ledger.enter = () => {
    throw new StorageError("failure", "no space left on device");
  };
  while (counter.isDue) counter.step();
  assertEquals(failures.map(String), ["StorageError: no space left on device"]);
});
