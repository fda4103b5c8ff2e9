import { after } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type {
  CopyRange,
  FileAttrs,
  FileHandle,
  MaybePromise,
  OpenOptions,
  VirtualPath,
} from "../storage/storage.ts";
import type { AccessPolicy } from "./access.ts";
import { FilteredFile, NeverReplacingStorage, whileOpen } from "../storage/filtered_storage.ts";
import { refuseKinds } from "./requests.ts";

/**
 * Files only grow, and nothing is removed. Refuses REMOVE and RMDIR; an OPEN that truncates an
 * existing file; WRITE and copy-data below the size that the file had when it was opened; SETSTAT
 * and FSETSTAT of a smaller size. posix-rename replaces nothing: it behaves as RENAME does.
 *
 * New files and names can be made, everything can be read, and modes, times and owners be set. A
 * session that makes a file may write to all of it until it is closed. Two sessions that write to
 * one file at the same time can overwrite what the other has appended since: the limit of each is
 * the size that it found.
 */
export function appendOnly(): AccessPolicy {
  return {
    name: "append-only",
    requests: refuseKinds("append-only", ["remove", "rmdir"]),
    wrap: (storage) => new AppendOnlyStorage(storage),
  };
}

class AppendOnlyStorage extends NeverReplacingStorage {
  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    return after(this.openNew(path, options), (made) => {
      if (made !== undefined) return made;
      return this.#openExisting(path, { ...options, create: false });
    });
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    if (attrs.size === undefined) return super.setAttrs(path, attrs);
    return after(super.stat(path), (now) => {
      requireGrowth(attrs, now);
      return super.setAttrs(path, attrs);
    });
  }

  override copyData(range: CopyRange<FilteredFile>): MaybePromise<number> {
    const { target, targetPosition } = range;
    if (!(target instanceof GrowingFile)) return super.copyData(range);
    return super.copyData({ ...range, targetPosition: target.positionFor(targetPosition) });
  }

  #openExisting(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    if (options.truncate) {
      return after(super.stat(path), () => {
        throw refused("truncating");
      });
    }
    const opened = super.open(path, options);
    if (!options.write) {
      return after(opened, (file) => new GrowingFile(file.inner, Infinity, false));
    }
    return after(opened, (file) =>
      whileOpen(file, ({ inner }) =>
        after(
          inner.stat(),
          ({ size = Infinity }) => new GrowingFile(inner, size, options.append),
        )));
  }
}

/** An open file whose bytes below a position stay as they are. */
class GrowingFile extends FilteredFile {
  readonly #floor: number;
  readonly #appends: boolean;

  /** @param floor The first byte that may be written. */
  constructor(inner: FileHandle, floor: number, appends: boolean) {
    super(inner);
    this.#floor = floor;
    this.#appends = appends;
  }

  /**
   * The position of a write. In append mode the client may give any position; this one is harmless
   * even if a remote server does not append by itself.
   */
  positionFor(position: number): number {
    if (position >= this.#floor) return position;
    if (this.#appends && this.#floor !== Infinity) return this.#floor;
    throw refused("overwriting");
  }

  override write(data: Uint8Array, position: number): MaybePromise<void> {
    return super.write(data, this.positionFor(position));
  }

  override setAttrs(attrs: FileAttrs): MaybePromise<void> {
    if (attrs.size === undefined) return super.setAttrs(attrs);
    return after(super.stat(), (now) => {
      requireGrowth(attrs, now);
      return super.setAttrs(attrs);
    });
  }
}

/** A file whose size is unknown counts as endless. */
function requireGrowth(wanted: FileAttrs, now: FileAttrs): void {
  if ((wanted.size ?? Infinity) < (now.size ?? Infinity)) throw refused("truncating");
}

function refused(what: string): StorageError {
  return new StorageError("denied", `${what} is refused in append-only mode`);
}
