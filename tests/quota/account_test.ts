import { assertEquals, assertThrows } from "@std/assert";
import { Account } from "../../lib/quota/account.ts";
import type { Amount } from "../../lib/quota/books.ts";
import { type Ledger, MemoryBooks } from "../../lib/quota/ledger.ts";
import { StorageError } from "../../lib/storage/errors.ts";

const MIB = 1024 * 1024;
const NOTHING = { bytes: 0, files: 0 };

function reserved(ledger: Ledger): Amount {
  return ledger.look((books) => ({ ...books.reserved.get(ledger.slot) ?? NOTHING }));
}

Deno.test("a session reserves ahead where there is plenty, and gives back what it does not need", () => {
  const books = new MemoryBooks();
  const ledger = books.ledger();
  const account = new Account(ledger, { bytes: 1024 * MIB });
  ledger.enter((entry) => void account.take(entry, { bytes: MIB, files: 1 }));
  assertEquals(reserved(ledger), { bytes: 17 * MIB, files: 17 });
  ledger.enter((entry) => {
    entry.books.used.bytes = 1023 * MIB;
    account.return(entry.books, { bytes: MIB, files: 1 });
    account.relax(entry.books);
  });
  assertEquals(reserved(ledger).bytes, 0);
  ledger.enter((entry) => account.end(entry.books));
  assertEquals(ledger.look((all) => all.reserved.size), 0);
});

Deno.test("two sessions reserve no more than there is, to the last byte and file", () => {
  const books = new MemoryBooks();
  const limit = { bytes: 10, files: 3 };
  const [one, other] = [books.ledger(), books.ledger()];
  const [first, second] = [new Account(one, limit), new Account(other, limit)];
  one.enter((entry) => void first.take(entry, { bytes: 6, files: 2 }));
  const take = (need: Amount) => () => other.enter((entry) => void second.take(entry, need));
  assertThrows(take({ bytes: 5, files: 0 }), StorageError, "quota exceeded");
  assertThrows(take({ bytes: 0, files: 2 }), StorageError, "quota exceeded");
  take({ bytes: 4, files: 1 })();
  assertEquals(other.look((all) => second.free(all)), NOTHING);
});

Deno.test("what another session has written to the same file is not taken for one's own", () => {
  const books = new MemoryBooks();
  const limit = { bytes: 100 };
  const [one, other] = [books.ledger(), books.ledger()];
  const [first, second] = [new Account(one, limit), new Account(other, limit)];
  const node = () => ({ drawn: 0, owes: () => 0, put: () => {}, usage: () => usage });
  let usage = { bytes: 0, size: 0, identity: "1", links: 1 };
  const [mine, yours] = [node(), node()];
  one.enter((entry) => void first.take(entry, { bytes: 10, files: 0 }));
  other.enter((entry) => void second.take(entry, { bytes: 30, files: 0 }));
  one.enter(({ books }) => void books.open.set("1", { bytes: 0, holders: [0, 1] }));
  first.drew(mine, 10);
  second.drew(yours, 30);
  usage = { ...usage, bytes: 40 };
  // The file has grown by both; the other session does not know it yet.
  one.enter(({ books }) => void first.settle(books));
  assertEquals(other.look((all) => all.used.bytes), 40);
  assertEquals(reserved(other).bytes >= 30, true);
  other.enter(({ books }) => void second.settle(books));
  assertEquals(other.look((all) => all.used.bytes), 40);
});

Deno.test("a write that fails stays reserved until it is known how much of it was done", () => {
  const books = new MemoryBooks();
  const ledger = books.ledger();
  const account = new Account(ledger, { bytes: 1600 });
  let bytes = 0;
  const node = {
    drawn: 0,
    owes: () => 0,
    put(): void {
      bytes = 40;
      throw new StorageError("failure", "no space left on device");
    },
    usage: () => ({ bytes, size: bytes, identity: "1", links: 1 }),
  };
  ledger.enter((entry) =>
    account.return(entry.books, account.take(entry, { bytes: 60, files: 0 }) as Amount)
  );
  ledger.enter(({ books }) => void books.open.set("1", { bytes: 0, holders: [0] }));
  assertThrows(() => account.write(node, 60, new Uint8Array(60), 0), StorageError, "no space left");
  assertEquals([node.drawn, ledger.look(({ used }) => used.bytes)], [60, 0]);
  const before = reserved(ledger).bytes;
  ledger.enter(({ books }) => void account.settle(books));
  assertEquals([reserved(ledger).bytes, ledger.look(({ used }) => used.bytes)], [before - 40, 40]);
});
