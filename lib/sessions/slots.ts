import { FileType } from "../attrs.ts";
import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { Lock, Open } from "../linux/linux.ts";
import { lockWithin } from "../linux/lock_within.ts";
import { StorageError } from "../storage/errors.ts";
import { entryNameBuffer, KernelDir } from "../storage/local/kernel/dir.ts";
import { nulTerminated, openAt } from "../storage/local/kernel/open_at.ts";
import { check, StatusReader } from "../storage/local/kernel/status.ts";
import {
  COUNTERS_BYTES,
  countersLine,
  factsLine,
  type LiveSession,
  readSlot,
  type SlotFacts,
} from "./slot.ts";
import { TakenSlot } from "./taken_slot.ts";

/** The folder of the slots, in a state folder. */
const FOLDER = "sessions";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Names of slots: the IDs of sessions. Anything else in the folder is not one. */
const SLOT_NAME = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** How long other sessions may look through the folder. */
const PATIENCE_MS = 5000;

/** A longer slot was not written by this program. */
const MAX_SLOT_BYTES = 16 * 1024;

const SAFELY = Open.NOFOLLOW | Open.NONBLOCK | Open.NOCTTY | Open.CLOEXEC;

/** How opening fails what is not a file, or has gone. */
const NO_SLOT: readonly number[] = [
  -Errno.ENOENT,
  -Errno.ELOOP,
  -Errno.ENXIO,
  -Errno.EISDIR,
];

/**
 * The sessions of one account that live now: a file for each, which its process keeps locked
 * (flock(2)). The kernel frees the lock when the process ends, however it ends; the next session
 * removes the file. The lock of the folder is held to look, and to add a file.
 */
export class Slots {
  readonly #libc: Libc;
  readonly #reader: StatusReader;
  /** The folder's descriptor. */
  readonly #folder: number;
  /** The folder's owner. */
  readonly #uid: number;

  private constructor(libc: Libc, folder: number) {
    this.#libc = libc;
    this.#reader = new StatusReader(libc);
    this.#folder = folder;
    this.#uid = this.#reader.ofOpen(folder).uid;
  }

  /**
   * Opens the folder, if it is there.
   *
   * @param state The state folder's descriptor.
   */
  static openIfThere(libc: Libc, state: number): Slots | undefined {
    const flags = Open.RDONLY | Open.DIRECTORY | SAFELY;
    const folder = openAt(libc, state, { name: FOLDER, flags });
    return folder === -Errno.ENOENT ? undefined : new Slots(libc, check(folder));
  }

  /** Opens the folder, and makes it if it is not there. */
  static make(libc: Libc, state: number): Slots {
    const made = libc.mkdirat(state, nulTerminated(FOLDER), FOLDER_MODE);
    if (made !== -Errno.EEXIST) check(made);
    return Slots.openIfThere(libc, state) ?? Slots.make(libc, state);
  }

  close(): void {
    this.#libc.close(this.#folder);
  }

  /** The sessions that live. */
  living(): readonly LiveSession[] {
    return this.#locked(() => this.#look(false));
  }

  /** Whether a session lives. */
  isAlive(id: string): boolean {
    return this.#locked(() => this.#lookAt(id, false) !== undefined);
  }

  /**
   * Adds this session, and removes the files of those that have ended.
   *
   * @param admit Gets the sessions that live; throws if this one may not join them.
   */
  take(facts: SlotFacts, admit: (others: readonly LiveSession[]) => void): TakenSlot {
    return this.#locked(() => {
      admit(this.#look(true));
      const flags = Open.RDWR | Open.CREAT | Open.EXCL | SAFELY;
      const fd = check(this.#open(facts.id, flags, FILE_MODE));
      check(this.#libc.flock(fd, Lock.EX | Lock.NB));
      const first = factsLine(facts);
      const counters = countersLine({ bytesRead: 0, bytesWritten: 0 });
      const text = new TextEncoder().encode(first + counters);
      // A full disk must not leave a session that nothing lists.
      if (check(this.#libc.pwrite(fd, text, 0)) < text.length) {
        throw new StorageError("failure", "no space left on device");
      }
      return new TakenSlot(this.#libc, fd, text.length - COUNTERS_BYTES);
    });
  }

  /** Opens a file that the sessions share, and makes it if it is not there. */
  openShared(name: string): number {
    return check(this.#open(name, Open.RDWR | Open.CREAT | SAFELY, FILE_MODE));
  }

  /**
   * Asks a session to end.
   *
   * @param by Who asks, for its log.
   */
  kick(id: string, by: string): void {
    const fd = check(this.#open(id, Open.WRONLY | Open.APPEND | SAFELY));
    try {
      if (!this.#isSlot(fd)) throw new StorageError("not-found", "no such session");
      check(this.#libc.write(fd, new TextEncoder().encode(`${by}\n`)));
    } finally {
      this.#libc.close(fd);
    }
  }

  /** The inode of a session's file, under which the kernel lists its lock. */
  inodeOf(id: string): bigint {
    check(this.#reader.lookAt(this.#folder, nulTerminated(id)));
    return this.#reader.inode;
  }

  #locked<T>(use: () => T): T {
    const result = lockWithin(this.#libc, this.#folder, PATIENCE_MS);
    if (result === -Errno.EAGAIN) {
      throw new StorageError("failure", "another process has kept its list locked");
    }
    check(result);
    try {
      return use();
    } finally {
      this.#libc.flock(this.#folder, Lock.UN);
    }
  }

  /** @param sweep Remove the files of sessions that have ended. */
  #look(sweep: boolean): readonly LiveSession[] {
    return this.#names().flatMap((name) => this.#lookAt(name, sweep) ?? []);
  }

  #names(): readonly string[] {
    const flags = Open.RDONLY | Open.DIRECTORY | SAFELY;
    const directory = new KernelDir(
      check(this.#open(".", flags)),
      { libc: this.#libc, reader: this.#reader, entryName: entryNameBuffer() },
      () => undefined,
    );
    try {
      const names: string[] = [];
      for (let next = directory.next(100); next.length > 0; next = directory.next(100)) {
        names.push(...next.map(({ name }) => name).filter((name) => SLOT_NAME.test(name)));
      }
      return names;
    } finally {
      directory.close();
    }
  }

  #lookAt(name: string, sweep: boolean): LiveSession | undefined {
    const fd = this.#open(name, Open.RDWR | SAFELY);
    // What is not a file of this account is not a slot.
    if (NO_SLOT.includes(fd)) {
      return undefined;
    }
    check(fd);
    try {
      if (!this.#isSlot(fd)) return undefined;
      const locked = this.#libc.flock(fd, Lock.EX | Lock.NB);
      if (locked === -Errno.EAGAIN) return readSlot(name, this.#textOf(fd));
      check(locked);
      if (sweep) check(this.#libc.unlinkat(this.#folder, nulTerminated(name), 0));
      return undefined;
    } finally {
      this.#libc.close(fd);
    }
  }

  /** Root must not take a file for a slot that another user could not write by itself. */
  #isSlot(fd: number): boolean {
    const { uid, links } = this.#reader.ofOpen(fd);
    return this.#reader.type === FileType.REGULAR && uid === this.#uid && links === 1;
  }

  #textOf(fd: number): string {
    const bytes = new Uint8Array(MAX_SLOT_BYTES);
    return new TextDecoder().decode(bytes.subarray(0, check(this.#libc.pread(fd, bytes, 0))));
  }

  #open(name: string, flags: number, mode = 0): number {
    return openAt(this.#libc, this.#folder, { name, flags, mode });
  }
}
