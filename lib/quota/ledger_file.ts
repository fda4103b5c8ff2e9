import type { Libc } from "../linux/libc.ts";
import { Errno } from "../linux/errno.ts";
import { errorOfNumber } from "../storage/errno.ts";
import { StorageError } from "../storage/errors.ts";
import { type Books, booksIn, bury, FORMAT, newBooks, textOf } from "./books.ts";
import { type Keeper, Ledger } from "./ledger.ts";

/** The file has the books twice, and each time the older ones are replaced: a torn write harms none. */
const COPY_BYTES = 1024 * 1024;
const COPIES = [0, 1] as const;

const READ_BYTES = 4096;

/** How long other sessions may lock the books. */
const LOCK_PATIENCE_MS = 30_000;
const FIRST_PAUSE_MS = 0.1;
const LAST_PAUSE_MS = 5;

// The bytes that are locked are beyond all content.
const BOOKS_LOCK = 2 ** 40;
const COUNT_LOCK = BOOKS_LOCK + 1;
const FIRST_SLOT_LOCK = BOOKS_LOCK + 2;

/** Errors of a file system without locks. */
const NO_LOCKS: readonly number[] = [
  ...[Errno.ENOLCK, Errno.ENOSYS, Errno.EOPNOTSUPP, Errno.EINVAL],
];

const HEADER = /^sftpwrap-quota (\d{1,9}) (\d{1,15}) (\d{1,9}) ([0-9a-f]{1,8})\n/;

type FileCalls = Pick<Libc, "pread" | "pwrite" | "lockByte" | "close">;

/** What was found when a file of books was opened. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  /** `new` and `damaged` books know nothing of what is there. */
  readonly found: "new" | "damaged" | "whole";
  /** How many sessions have died, and have not given back what they had reserved. */
  readonly dead: number;
}

/** How to open a file of books. */
export interface LedgerFileOptions {
  /** Identifies the time since the machine was started: what is older may not all be on the disk. */
  readonly boot?: string | undefined;
  readonly patience?: number;
}

/**
 * Opens the books in a file, as another session. The locks of the file tell which sessions live.
 *
 * @param fd Open for reading and writing; closed with the ledger.
 * @throws {StorageError} If the file is of a newer version, cannot be locked, read or written.
 */
export function openLedgerFile(
  libc: FileCalls,
  fd: number,
  { boot, patience = LOCK_PATIENCE_MS }: LedgerFileOptions = {},
): OpenedLedger {
  const keeper = new FileKeeper(libc, fd, patience);
  keeper.lock();
  try {
    const read = keeper.read();
    const found = read === undefined ? "new" : read === "damaged" ? "damaged" : "whole";
    const books = typeof read === "object" ? read : newBooks();
    const dead = keeper.buryDead(books);
    if (boot !== undefined && books.boot !== boot) {
      if (found === "whole") books.unsure = true;
      books.boot = boot;
    }
    keeper.save(books);
    return { ledger: new Ledger(keeper.takeSlot(), keeper), found, dead };
  } finally {
    keeper.give();
  }
}

class FileKeeper implements Keeper {
  readonly #libc: FileCalls;
  readonly #fd: number;
  readonly #patience: number;
  /** The books as they were read or written last, and their header. */
  #books: Books | undefined;
  #header = "";
  #sequence = 0;
  #buffer = new Uint8Array(READ_BYTES);

  constructor(libc: FileCalls, fd: number, patience: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#patience = patience;
  }

  take(): Books {
    this.lock();
    try {
      const books = this.read();
      if (typeof books === "object") return books;
      throw new StorageError("failure", "the books of the quota are damaged");
    } catch (error) {
      this.give();
      throw error;
    }
  }

  save(books: Books): void {
    // What cannot be written is read again.
    this.#books = undefined;
    const text = textOf(books);
    const sequence = this.#sequence + 1;
    const header = `sftpwrap-quota ${FORMAT} ${sequence} ${text.length} ${hashOf(text)}\n`;
    const bytes = new TextEncoder().encode(header + text);
    if (bytes.length > COPY_BYTES) throw new StorageError("failure", "too many files are open");
    const at = (sequence % COPIES.length) * COPY_BYTES;
    for (let done = 0; done < bytes.length;) {
      done += check(this.#libc.pwrite(this.#fd, bytes.subarray(done), at + done));
    }
    this.#books = books;
    this.#header = header;
    this.#sequence = sequence;
  }

  give(): void {
    check(this.#libc.lockByte(this.#fd, BOOKS_LOCK, "unlock"));
  }

  claimCount(): boolean {
    return this.#tryLock(COUNT_LOCK);
  }

  endCount(): void {
    check(this.#libc.lockByte(this.#fd, COUNT_LOCK, "unlock"));
  }

  close(): void {
    this.#libc.close(this.#fd);
  }

  lock(): void {
    const deadline = performance.now() + this.#patience;
    const asleep = new Int32Array(new SharedArrayBuffer(4));
    for (let pause = FIRST_PAUSE_MS; !this.#tryLock(BOOKS_LOCK);) {
      if (performance.now() > deadline) {
        throw new StorageError("failure", "another session holds the books of the quota");
      }
      Atomics.wait(asleep, 0, 0, pause);
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    }
  }

  /** The books; undefined if the file is empty. */
  read(): Books | "damaged" | undefined {
    const heads = COPIES.map((copy) => this.#headOf(copy));
    const whole = heads.filter((head) => head !== undefined)
      .sort((one, other) => other.sequence - one.sequence);
    for (const head of whole) {
      if (head.format !== FORMAT) {
        const reason = `the books of the quota have format ${head.format}, not ${FORMAT}`;
        throw new StorageError("failure", `${reason}: another version of sftpwrap wrote them`);
      }
      if (head.header === this.#header && this.#books !== undefined) return this.#books;
      const text = this.#textOf(head);
      const books = text === undefined ? undefined : booksIn(text);
      if (books === undefined) continue;
      this.#books = books;
      this.#header = head.header;
      this.#sequence = head.sequence;
      return books;
    }
    return whole.length === 0 && this.#isEmpty() ? undefined : "damaged";
  }

  /** Settles the accounts of sessions whose lock is gone; returns how many there were. */
  buryDead(books: Books): number {
    const slots = new Set([...books.reserved.keys()]);
    for (const { holders } of books.open.values()) holders.forEach((slot) => slots.add(slot));
    let dead = 0;
    for (const slot of slots) {
      if (!this.#tryLock(FIRST_SLOT_LOCK + slot)) continue;
      bury(books, slot);
      check(this.#libc.lockByte(this.#fd, FIRST_SLOT_LOCK + slot, "unlock"));
      dead++;
    }
    return dead;
  }

  /** Locks the first free slot, for as long as the file is open. */
  takeSlot(): number {
    let slot = 0;
    while (!this.#tryLock(FIRST_SLOT_LOCK + slot)) slot++;
    return slot;
  }

  #tryLock(at: number): boolean {
    const result = this.#libc.lockByte(this.#fd, at, "lock");
    if (NO_LOCKS.includes(-result)) {
      throw new StorageError("failure", "the file system of the books has no locks");
    }
    if (result !== -Errno.EAGAIN && result !== -Errno.EACCES) check(result);
    return result === 0;
  }

  #headOf(copy: typeof COPIES[number]): Head | undefined {
    const at = copy * COPY_BYTES;
    const count = check(this.#libc.pread(this.#fd, this.#buffer, at));
    const start = new TextDecoder().decode(this.#buffer.subarray(0, Math.min(count, 80)));
    const [header, format, sequence, length, hash] = HEADER.exec(start) ?? [];
    if (header === undefined) return undefined;
    return {
      ...{ at, header, hash: hash! },
      format: Number(format),
      sequence: Number(sequence),
      length: Number(length),
    };
  }

  #textOf({ at, header, length, hash }: Head): string | undefined {
    const end = header.length + length;
    if (end > COPY_BYTES) return undefined;
    if (end > this.#buffer.length) this.#buffer = new Uint8Array(2 * end);
    let read = 0;
    while (read < end) {
      const count = check(this.#libc.pread(this.#fd, this.#buffer.subarray(read, end), at + read));
      if (count === 0) return undefined;
      read += count;
    }
    const text = new TextDecoder().decode(this.#buffer.subarray(header.length, end));
    return hashOf(text) === hash ? text : undefined;
  }

  #isEmpty(): boolean {
    return check(this.#libc.pread(this.#fd, this.#buffer, 0)) === 0;
  }
}

/** The first line of a copy of the books. */
interface Head {
  readonly at: number;
  readonly header: string;
  readonly format: number;
  readonly sequence: number;
  readonly length: number;
  readonly hash: string;
}

/** FNV-1a, which tells what is whole from what is torn. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

function check(result: number): number {
  if (result < 0) throw errorOfNumber(-result);
  return result;
}
