import { after } from "../async/maybe_promise.ts";
import type { AccessPolicy } from "../policy/access.ts";
import { FilteredFile, FilteredStorage } from "../storage/filtered_storage.ts";
import type {
  FileHandle,
  MaybePromise,
  OpenOptions,
  Storage,
  VirtualPath,
} from "../storage/storage.ts";
import type { Pace } from "./pace.ts";

/** The pace in each direction, as the client sees it. */
export interface Paces {
  /** From the client: WRITE. */
  readonly up: Pace;
  /** To the client: READ. */
  readonly down: Pace;
}

/** Moves the content of files at a pace. Everything else is not held up. */
export function throttle(paces: Paces): AccessPolicy {
  return {
    name: "rate",
    anyPath: true,
    wrap: (storage) => new ThrottledStorage(storage, paces),
  };
}

class ThrottledStorage extends FilteredStorage {
  readonly #paces: Paces;

  constructor(inner: Storage, paces: Paces) {
    super(inner);
    this.#paces = paces;
  }

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    return after(super.open(path, options), ({ inner }) => new ThrottledFile(inner, this.#paces));
  }
}

class ThrottledFile extends FilteredFile {
  readonly #paces: Paces;

  constructor(inner: FileHandle, paces: Paces) {
    super(inner);
    this.#paces = paces;
  }

  override read(into: Uint8Array, position: number): MaybePromise<number> {
    const { down } = this.#paces;
    return after(
      down.take(this, into.length),
      () =>
        after(super.read(into, position), (count) => {
          down.giveBack(into.length - count);
          return count;
        }),
    );
  }

  override write(data: Uint8Array, position: number): MaybePromise<void> {
    return after(this.#paces.up.take(this, data.length), () => super.write(data, position));
  }

  override close(aborted: boolean): MaybePromise<void> {
    this.#paces.up.forget(this);
    this.#paces.down.forget(this);
    return super.close(aborted);
  }
}
