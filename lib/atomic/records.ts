/**
 * Where sessions have drafts, so that a later one finds what a dead one left without a walk through
 * the tree: each session keeps a file with the directories that it writes in, under a lock.
 *
 * @module
 */

import { after, inTurn, type MaybePromise, orElse, repeat } from "../async/maybe_promise.ts";
import { DEFAULT_DIRECTORY_MODE } from "../attrs.ts";
import { StorageError } from "../storage/errors.ts";
import { whileOpen } from "../storage/filtered_storage.ts";
import { childOf } from "../storage/path.ts";
import { TO_WRITE } from "../storage/to_write.ts";
import type { FileHandle, VirtualPath } from "../storage/storage.ts";
import { ignored, isNotFound } from "./failures.ts";
import { isDraftName, RECORDS_PATH } from "./reserved_names.ts";
import { isDead, type SweepContext, sweepDrafts } from "./sweep.ts";

/** How often to make the directory of records again, which other sessions remove at their end. */
const MAKING_ATTEMPTS = 8;

const BATCH_ENTRIES = 1000;
const MAX_RECORD_BYTES = 1024 * 1024;

const NO_LOCKS = "no locks here: what broken uploads leave is removed after a day";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The record of this session, and those of others. */
export class Records {
  readonly #context: SweepContext;
  readonly #directories = new Set<VirtualPath>();
  #hasSwept = false;
  #path: VirtualPath | undefined;
  #file: FileHandle | undefined;
  #length = 0;
  #isOff: boolean;

  /** Records nothing if the storage has no locks: they tell which session a record belongs to. */
  constructor(context: SweepContext) {
    this.#context = context;
    this.#isOff = context.support === undefined;
  }

  /** Removes what dead sessions left; does something only once. */
  sweep(): MaybePromise<void> {
    if (this.#hasSwept) return;
    this.#hasSwept = true;
    if (this.#isOff) return;
    const swept = after(this.#namesIn(RECORDS_PATH), (names) => {
      if (names === undefined) return;
      const paths = names.map((name) => childOf(RECORDS_PATH, name));
      return after(
        inTurn(paths, (path) => orElse(() => this.#sweepRecord(path), ignored)),
        () => this.#removeDirectory(),
      );
    });
    return swept;
  }

  /** Notes that a draft is about to be in a directory. */
  note(directory: VirtualPath): MaybePromise<void> {
    if (this.#directories.has(directory)) return;
    this.#directories.add(directory);
    if (this.#isOff) return;
    return orElse(() =>
      after(this.#file ?? this.#make(), (file) => {
        const line = encoder.encode(JSON.stringify(directory) + "\n");
        const at = this.#length;
        this.#length += line.length;
        return file.write(line, at);
      }), (failure) => {
      ignored(failure);
      this.#isOff = true;
      return after(this.#removeDirectory(), () => this.sweepIn(directory));
    });
  }

  /** The session ends, and has no drafts any more. */
  end(): MaybePromise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const { storage } = this.#context;
    const removed = orElse(() => storage.remove(this.#path!), ignored);
    return after(removed, () => after(file.close(false), () => this.#removeDirectory()));
  }

  #make(attempts = 1): MaybePromise<FileHandle> {
    const { storage, support } = this.#context;
    const path = childOf(RECORDS_PATH, crypto.randomUUID());
    const options = { ...TO_WRITE, create: true, exclusive: true };
    const opened = orElse(() => storage.open(path, options), (failure) => {
      if (!isNotFound(failure) || attempts === MAKING_ATTEMPTS) throw failure;
      const made = orElse(
        () => storage.mkdir(RECORDS_PATH, { permissions: DEFAULT_DIRECTORY_MODE }),
        ignored,
      );
      return after(made, () => this.#make(attempts + 1));
    });
    return after(opened, (file) => {
      if (this.#file !== undefined) return file;
      return whileOpen(file, () =>
        after(support!.lock(file), (isOurs) => {
          if (isOurs !== true) {
            if (isOurs === undefined) this.#context.log?.(NO_LOCKS);
            return after(storage.remove(path), () => {
              throw new StorageError("failure", "there are no locks");
            });
          }
          this.#path = path;
          this.#file = file;
          return file;
        }));
    });
  }

  #sweepRecord(path: VirtualPath): MaybePromise<void> {
    if (path === this.#path) return;
    const { storage } = this.#context;
    return after(storage.open(path, { ...TO_WRITE, read: true }), (file) => {
      const swept = orElse(() =>
        after(isDead(file, path, this.#context), (dead) => {
          if (!dead) return;
          return after(directoriesIn(file), (directories) =>
            after(
              inTurn(directories, (directory) => this.sweepIn(directory)),
              () => storage.remove(path),
            ));
        }), ignored);
      return after(swept, () => file.close(false));
    });
  }

  /** Sweeps a directory. */
  sweepIn(directory: VirtualPath): MaybePromise<void> {
    return after(this.#namesIn(directory), (names = []) => {
      const drafts = names.filter(isDraftName);
      return sweepDrafts(drafts.map((name) => childOf(directory, name)), this.#context);
    });
  }

  /** The names in a directory; undefined if it cannot be listed. */
  #namesIn(path: VirtualPath): MaybePromise<string[] | undefined> {
    return orElse<string[] | undefined>(() =>
      after(this.#context.storage.openDir(path), (dir) => {
        const names: string[] = [];
        const listed = orElse(() =>
          repeat(() =>
            after(dir.next(BATCH_ENTRIES), (entries) => {
              for (const { name } of entries) if (name !== "." && name !== "..") names.push(name);
              return entries.length > 0;
            })
          ), ignored);
        return after(listed, () => after(dir.close(), () => names));
      }), (failure) => void ignored(failure));
  }

  #removeDirectory(): MaybePromise<void> {
    return orElse(() => this.#context.storage.rmdir(RECORDS_PATH), ignored);
  }
}

/** The directories in a record; a last line that is not whole was written for no draft. */
function directoriesIn(file: FileHandle): MaybePromise<VirtualPath[]> {
  return after(file.stat(), ({ size = 0 }) => {
    const bytes = new Uint8Array(Math.min(size, MAX_RECORD_BYTES));
    return after(file.read(bytes, 0), (count) => {
      const lines = decoder.decode(bytes.subarray(0, count)).split("\n").slice(0, -1);
      return lines.flatMap(directoryOf);
    });
  });
}

/** Another user of the directory may have written anything. */
function directoryOf(line: string): VirtualPath[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "string" && value.startsWith("/") ? [value] : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
