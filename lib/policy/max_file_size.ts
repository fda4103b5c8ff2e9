import { after } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type {
  CopyRange,
  FileAttrs,
  FileHandle,
  MaybePromise,
  OpenOptions,
  Storage,
  VirtualPath,
} from "../storage/storage.ts";
import type { AccessPolicy } from "./access.ts";
import { FilteredFile, FilteredStorage } from "../storage/filtered_storage.ts";

/**
 * No file grows larger than `bytes`. Affects WRITE, SETSTAT and FSETSTAT of the size, and
 * copy-data: a request that would exceed the limit fails as a whole, with FAILURE and the reason,
 * and what was written before stays. A file that is already larger can be read, truncated, and
 * written to below the limit. Two sessions that append to one file at the same moment can exceed
 * the limit by one write.
 *
 * @param bytes A whole number.
 * @throws {RangeError} If it is not a whole number.
 */
export function maxFileSize(bytes: number): AccessPolicy {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(`Cannot limit files to ${bytes} bytes: not a whole number`);
  }
  return {
    name: "max-file-size",
    anyPath: true,
    wrap: (storage) => new LimitedStorage(storage, bytes),
  };
}

class LimitedStorage extends FilteredStorage {
  readonly #most: number;

  constructor(inner: Storage, most: number) {
    super(inner);
    this.#most = most;
  }

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    return after(
      super.open(path, options),
      ({ inner }) => new LimitedFile(inner, this.#most, options.append),
    );
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    requireRoom(attrs.size ?? 0, this.#most);
    return super.setAttrs(path, attrs);
  }

  override copyData(range: CopyRange<FilteredFile>): MaybePromise<number> {
    const { source, sourcePosition, target, targetPosition } = range;
    const copy = (start: number) =>
      after(source.stat(), ({ size = Infinity }) => {
        const length = Math.min(range.length, Math.max(0, size - sourcePosition));
        if (length > 0) requireRoom(start + length, this.#most);
        return super.copyData(range);
      });
    if (!(target instanceof LimitedFile && target.appends)) return copy(targetPosition);
    return after(target.stat(), ({ size = Infinity }) => copy(size));
  }
}

/** An open file that must not grow beyond a position. */
class LimitedFile extends FilteredFile {
  /** Whether writes append. */
  readonly appends: boolean;
  readonly #most: number;

  constructor(inner: FileHandle, most: number, appends: boolean) {
    super(inner);
    this.#most = most;
    this.appends = appends;
  }

  override write(data: Uint8Array, position: number): MaybePromise<void> {
    if (data.length === 0) return super.write(data, position);
    // A remote server that does not append by itself uses the position.
    requireRoom(position + data.length, this.#most);
    if (!this.appends) return super.write(data, position);
    return after(super.stat(), ({ size = Infinity }) => {
      requireRoom(size + data.length, this.#most);
      return super.write(data, position);
    });
  }

  override setAttrs(attrs: FileAttrs): MaybePromise<void> {
    requireRoom(attrs.size ?? 0, this.#most);
    return super.setAttrs(attrs);
  }
}

function requireRoom(end: number, most: number): void {
  if (end <= most) return;
  throw new StorageError("failure", `larger than the ${most} bytes that a file may have`);
}
