import { assert, assertEquals, assertThrows } from "@std/assert";
import { openLibcIfAllowed } from "../../lib/linux/libc.ts";
import { AT_FDCWD, Open } from "../../lib/linux/linux.ts";
import { Account } from "../../lib/quota/account.ts";
import { hold } from "../../lib/quota/books.ts";
import { openLedgerFile } from "../../lib/quota/ledger_file.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { withTempDir } from "../support/files.ts";

/** Opened before all tests, and never released. */
const opened = openLibcIfAllowed();
const openLibc = () => opened!;

const LINUX = { ignore: Deno.build.os !== "linux" };
const ENOLCK = 37;
const ENOSYS = 38;
const MIB = 1024 * 1024;

/** Runs `use` with a function that opens the same file of books again. */
function withBooks(
  use: (again: () => number, path: string) => void | Promise<void>,
): Promise<void> {
  return withTempDir(async (directory) => {
    const path = `${directory}/books`;
    await Deno.writeFile(path, new Uint8Array());
    const name = new TextEncoder().encode(`${path}\0`);
    await use(() => openLibc().openat(AT_FDCWD, name, Open.RDWR | Open.CLOEXEC), path);
  });
}

function test(
  name: string,
  use: (again: () => number, path: string) => void | Promise<void>,
): void {
  Deno.test({ name, ...LINUX, fn: () => withBooks(use) });
}

test("sessions of one file have slots of their own, and see each other's entries", (again) => {
  const one = openLedgerFile(openLibc(), again());
  assertEquals(one.found, "new");
  const other = openLedgerFile(openLibc(), again());
  assertEquals([one.ledger.slot, other.ledger.slot, other.found], [0, 1, "whole"]);
  one.ledger.enter(({ books }) => void (books.used.bytes = 5));
  other.ledger.enter(({ books }) => void (books.used.bytes += 7));
  assertEquals(one.ledger.look(({ used }) => used.bytes), 12);
  one.ledger.close();
  const next = openLedgerFile(openLibc(), again());
  assertEquals([next.ledger.slot, next.dead], [0, 0]);
  for (const { ledger } of [other, next]) ledger.close();
});

test("a look while an entry is being made leaves the books to that entry", (again) => {
  const one = openLedgerFile(openLibc(), again());
  const other = openLedgerFile(openLibc(), again(), { patience: 1 });
  one.ledger.enter(({ books }) => {
    books.used.bytes = 5;
    assertEquals(one.ledger.look(({ used }) => used.bytes), 5);
    assertThrows(() => other.ledger.look(() => {}), StorageError, "another session holds");
  });
  assertEquals(other.ledger.look(({ used }) => used.bytes), 5);
  for (const { ledger } of [one, other]) ledger.close();
});

test("what a dead session had reserved counts as used, and its files are let go", (again) => {
  const limit = { bytes: 100 * MIB, files: 1000 };
  const one = openLedgerFile(openLibc(), again());
  const other = openLedgerFile(openLibc(), again());
  const account = new Account(one.ledger, limit);
  one.ledger.enter((entry) => {
    account.take(entry, { bytes: 1, files: 1 });
    hold(entry.books, one.ledger.slot, { identity: "7", bytes: 3, size: 3, links: 1 });
  });
  const reserved = { bytes: Math.floor(100 * MIB / 16) + 1, files: 17 };
  assertEquals(other.ledger.look((books) => books.reserved.get(0)), reserved);
  one.ledger.close();
  const next = openLedgerFile(openLibc(), again());
  assertEquals(next.dead, 1);
  next.ledger.look(({ used, unsure, open, reserved: left }) =>
    assertEquals({ used, unsure, open: open.size, left: left.size }, {
      ...{ used: reserved, unsure: true, open: 0, left: 0 },
    })
  );
  for (const { ledger } of [other, next]) ledger.close();
});

test("a torn write leaves what was written before it", async (again, path) => {
  const one = openLedgerFile(openLibc(), again());
  one.ledger.enter(({ books }) => void (books.used.bytes = 5));
  one.ledger.enter(({ books }) => void (books.used.bytes = 6));
  one.ledger.close();
  const text = await Deno.readTextFile(path);
  const newest = text.indexOf('{"bytes":6');
  using file = await Deno.open(path, { write: true });
  await file.seek(newest, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode('{"bytes":9'));
  const next = openLedgerFile(openLibc(), again());
  assertEquals([next.found, next.ledger.look(({ used }) => used.bytes)], ["whole", 5]);
  next.ledger.close();
});

for (
  const [what, damage] of [
    ["cut off", (path: string) => Deno.truncate(path, 20)],
    ["other text", (path: string) => Deno.writeTextFile(path, "# not books\n")],
    ["zeros", (path: string) => Deno.writeFile(path, new Uint8Array(3 * MIB))],
  ] as const
) {
  test(`damaged books are made anew, and said to be: ${what}`, async (again, path) => {
    const one = openLedgerFile(openLibc(), again());
    one.ledger.enter(({ books }) => void (books.counted = 1));
    await damage(path);
    assertThrows(() => one.ledger.enter(() => {}), StorageError, "damaged");
    const next = openLedgerFile(openLibc(), again());
    assertEquals([next.found, next.ledger.look(({ counted }) => counted)], ["damaged", 0]);
    for (const { ledger } of [one, next]) ledger.close();
  });
}

test(
  "a live session whose books were made anew uses nothing that they do not know",
  async (again, path) => {
    const one = openLedgerFile(openLibc(), again());
    const limit = { bytes: 1000, files: 100 };
    const account = new Account(one.ledger, limit);
    one.ledger.enter((entry) => void account.take(entry, { bytes: 10, files: 1 }));
    await Deno.truncate(path, 20);
    const next = openLedgerFile(openLibc(), again());
    next.ledger.enter(({ books }) => void (books.used.bytes = 1000));
    assertThrows(
      () => one.ledger.enter((entry) => void account.take(entry, { bytes: 1, files: 0 })),
      StorageError,
      "quota exceeded",
    );
    for (const { ledger } of [one, next]) ledger.close();
  },
);

test("books of another version are refused, also to a session that lives", async (again, path) => {
  const one = openLedgerFile(openLibc(), again());
  one.ledger.enter(() => {});
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replaceAll("sftpwrap-quota 1 ", "sftpwrap-quota 2 "));
  const refusal = "have format 2, not 1: another version of sftpwrap wrote them";
  assertThrows(() => one.ledger.enter(() => {}), StorageError, refusal);
  const fd = again();
  assertThrows(() => openLedgerFile(openLibc(), fd), StorageError, refusal);
  assertEquals(await Deno.readTextFile(path), text.replaceAll("quota 1 ", "quota 2 "));
  one.ledger.close();
  openLibc().close(fd);
});

test("books that another session holds are waited for, and then given up", (again) => {
  const one = openLedgerFile(openLibc(), again());
  const fd = again();
  one.ledger.enter(() => {
    const open = () => openLedgerFile(openLibc(), fd, { patience: 20 });
    assertThrows(open, StorageError, "another session holds the books of the quota");
  });
  const other = openLedgerFile(openLibc(), fd, { patience: 20 });
  for (const { ledger } of [one, other]) ledger.close();
});

test("books from before the machine was started may be too old", (again) => {
  const unsure = (boot: string) => {
    const { ledger } = openLedgerFile(openLibc(), again(), { boot });
    try {
      return ledger.look((books) => books.unsure);
    } finally {
      ledger.close();
    }
  };
  assertEquals([unsure("one"), unsure("one"), unsure("two"), unsure("two")], [
    ...[false, false, true, true],
  ]);
});

for (const [name, number] of [["ENOLCK", ENOLCK], ["ENOSYS", ENOSYS]] as const) {
  test(`books on a file system without locks are refused: ${name}`, (again) => {
    const fd = again();
    const libc = { ...openLibc(), lockByte: () => -number };
    assertThrows(() => openLedgerFile(libc, fd), StorageError, "has no locks");
    openLibc().close(fd);
  });
}

test("more open files than the books can hold are refused, and harm none", (again) => {
  const { ledger } = openLedgerFile(openLibc(), again());
  const many = () =>
    ledger.enter(({ books }) => {
      for (let index = 0; index < 30_000; index++) {
        hold(books, 0, { identity: `1:2:${index}:4`, bytes: index, size: 0, links: 1 });
      }
    });
  assertThrows(many, StorageError, "too many files are open");
  assert(ledger.look(({ open }) => open.size === 0));
  ledger.close();
});
