import { isPromise } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type {
  DirEntry,
  DirHandle,
  FileHandle,
  MaybePromise,
  VirtualPath,
} from "../storage/storage.ts";
import type { Upload } from "./rows/upload.ts";

/** What a file handle of the client refers to. */
export interface OpenFile {
  readonly kind: "file";
  readonly path: VirtualPath;
  readonly file: FileHandle;
  readonly writable: boolean;
  readonly append: boolean;
  /** What is known of what it writes; absent if no log wants it. */
  readonly upload?: Upload | undefined;
  bytesRead: number;
  bytesWritten: number;
  /** By the clock of `performance.now()`. */
  readonly openedAt: number;
}

/** What a directory handle of the client refers to. */
export interface OpenDirectory {
  readonly kind: "directory";
  readonly path: VirtualPath;
  readonly dir: DirHandle;
  /** Entries that were fetched and did not fit into the last reply. */
  waiting: readonly DirEntry[];
}

export type OpenHandle = OpenFile | OpenDirectory;

/** Totals of the files of a session. */
export interface FileTotals {
  readonly files: number;
  /** Bytes of all files. */
  readonly bytesRead: number;
  /** Bytes of all files. */
  readonly bytesWritten: number;
}

const HANDLE_LENGTH = 4;

/**
 * The handles of one session. Each is the next number, as four bytes, and no
 * number comes back while the session lasts: a stale handle is never another file's.
 */
export class Handles {
  readonly #open = new Map<number, OpenHandle>();
  #next = 0;
  #opening = 0;
  #files = 0;
  #bytesRead = 0;
  #bytesWritten = 0;

  /** @param limit How many may be open at once. */
  constructor(readonly limit: number) {}

  /**
   * Opens something by `open` and returns its handle; fails before that where
   * no further one may be open. What is being opened has its place already.
   */
  add(open: () => MaybePromise<OpenHandle>): MaybePromise<Uint8Array> {
    if (this.#open.size + this.#opening >= this.limit) {
      throw new StorageError("failure", "too many open handles");
    }
    const opened = open();
    if (!isPromise(opened)) return this.#register(opened);
    this.#opening++;
    return opened
      .finally(() => this.#opening--)
      .then((handle) => this.#register(handle));
  }

  /** Files that were opened, and the bytes of those that are out of use again. */
  get totals(): FileTotals {
    return { files: this.#files, bytesRead: this.#bytesRead, bytesWritten: this.#bytesWritten };
  }

  /** Like {@linkcode totals}, with the bytes of those that are open. */
  get totalsSoFar(): FileTotals {
    const { files } = this.totals;
    let { bytesRead, bytesWritten } = this.totals;
    for (const open of this.#open.values()) {
      if (open.kind === "directory") continue;
      bytesRead += open.bytesRead;
      bytesWritten += open.bytesWritten;
    }
    return { files, bytesRead, bytesWritten };
  }

  /** What `handle` refers to, if it is open. */
  find(handle: Uint8Array): OpenHandle | undefined {
    return this.#open.get(numberOf(handle));
  }

  /** The path that `handle` was opened by, for the log; empty where it is not open. */
  pathOf(handle: Uint8Array): VirtualPath {
    return this.find(handle)?.path ?? "";
  }

  /** The file that `handle` refers to; a failure if it is not one. */
  file(handle: Uint8Array): OpenFile {
    const open = this.find(handle);
    if (open?.kind !== "file") throw badHandle();
    return open;
  }

  /** A change of the content of the file that `handle` refers to has failed. */
  spoil(handle: Uint8Array): void {
    const open = this.find(handle);
    if (open?.kind === "file") open.file.spoil?.();
  }

  /** The directory that `handle` refers to; a failure if it is not one. */
  directory(handle: Uint8Array): OpenDirectory {
    const open = this.find(handle);
    if (open?.kind !== "directory") throw badHandle();
    return open;
  }

  /** Takes `handle` out of use. As in OpenSSH, an unknown one is a file not found. */
  remove(handle: Uint8Array): OpenHandle {
    const number = numberOf(handle);
    const open = this.#open.get(number);
    if (open === undefined) throw new StorageError("not-found", "no such handle");
    this.#open.delete(number);
    this.#count(open);
    return open;
  }

  /** Takes all handles out of use and returns them. */
  removeAll(): readonly OpenHandle[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    all.forEach((open) => this.#count(open));
    return all;
  }

  #count(open: OpenHandle): void {
    if (open.kind === "directory") return;
    this.#bytesRead += open.bytesRead;
    this.#bytesWritten += open.bytesWritten;
  }

  #register(handle: OpenHandle): Uint8Array {
    const number = this.#next++;
    this.#open.set(number, handle);
    if (handle.kind === "file") this.#files++;
    const bytes = new Uint8Array(HANDLE_LENGTH);
    new DataView(bytes.buffer).setUint32(0, number);
    return bytes;
  }
}

/** The number that is a handle; -1 for what is none. */
export function numberOf(handle: Uint8Array): number {
  if (handle.length !== HANDLE_LENGTH) return -1;
  return ((handle[0]! << 24) | (handle[1]! << 16) | (handle[2]! << 8) | handle[3]!) >>> 0;
}

function badHandle(): StorageError {
  return new StorageError("failure", "bad handle");
}
