import { decodeName } from "../../../names.ts";
import { Errno } from "../../../linux/errno.ts";
import { check, type StatusReader } from "./status.ts";
import type { Bytes, Libc } from "../../../linux/libc.ts";
import { Dirent, DIRENTS_BYTES } from "../../../linux/linux.ts";
import type { NodeStatus, RootDir, RootEntry } from "../root.ts";

const DOT = 0x2e;
const CLOSED = -1;
const NO_RECORDS: Bytes = new Uint8Array(0);
const NO_LENGTHS = new Uint16Array(0);

/** What all directories of a root share. */
export interface DirContext {
  readonly libc: Libc;
  readonly reader: StatusReader;
  /** Room for one name; see {@linkcode entryNameBuffer}. */
  readonly entryName: Bytes;
}

/** Room for the longest name that a record can have. */
export function entryNameBuffer(): Bytes {
  return new Uint8Array(DIRENTS_BYTES);
}

/** Returns the status of the parent directory inside the root; undefined if there is none. */
export type ParentStatus = () => NodeStatus | undefined;

/**
 * A directory, by its descriptor. Records of getdents64 are read in place, one
 * for each requested entry. Their buffer exists only from the first record to
 * the last: a client may have very many directories open.
 */
export class KernelDir implements RootDir {
  readonly #libc: Libc;
  readonly #reader: StatusReader;
  readonly #parent: ParentStatus;
  #records = NO_RECORDS;
  #lengths = NO_LENGTHS;
  readonly #name: Bytes;
  #fd: number;
  #at = 0;
  #end = 0;

  /** @param parent Called for `..`, which the descriptor itself would follow out of the root. */
  constructor(fd: number, context: DirContext, parent: ParentStatus) {
    this.#fd = fd;
    this.#libc = context.libc;
    this.#reader = context.reader;
    this.#name = context.entryName;
    this.#parent = parent;
  }

  next(limit: number): readonly RootEntry[] {
    const entries: RootEntry[] = [];
    while (entries.length < limit) {
      if (this.#at === this.#end && !this.#fill()) break;
      const entry = this.#entry();
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  close(): void {
    if (this.#fd === CLOSED) return;
    check(this.#libc.close(this.#fd));
    this.#fd = CLOSED;
  }

  #fill(): boolean {
    if (this.#records === NO_RECORDS) {
      this.#records = new Uint8Array(DIRENTS_BYTES);
      this.#lengths = new Uint16Array(this.#records.buffer);
    }
    const length = this.#libc.getdents64(this.#fd, this.#records);
    // A removed directory has no more entries, as in readdir(3).
    this.#end = length === -Errno.ENOENT ? 0 : check(length);
    this.#at = 0;
    if (this.#end > 0) return true;
    this.#records = NO_RECORDS;
    this.#lengths = NO_LENGTHS;
    return false;
  }

  /** The current entry; undefined if it has vanished or may not be read, as in OpenSSH. */
  #entry(): RootEntry | undefined {
    const start = this.#at;
    this.#at += this.#lengths[(start + Dirent.RECLEN) >> 1]!;
    const length = this.#takeName(start + Dirent.NAME);
    const name = this.#name;
    if (length === 2 && name[0] === DOT && name[1] === DOT) {
      const status = this.#parent();
      return status && { name: "..", status };
    }
    if (this.#reader.lookAt(this.#fd, name) < 0) return undefined;
    return { name: decodeName(name, 0, length), status: this.#reader.status() };
  }

  /** Copies a name with its NUL into a buffer for fstatat, which costs less than a view. */
  #takeName(start: number): number {
    const records = this.#records;
    const name = this.#name;
    let length = 0;
    for (let byte = records[start]!; byte !== 0; byte = records[start + length]!) {
      name[length++] = byte;
    }
    name[length] = 0;
    return length;
  }
}
