import { after, type MaybePromise } from "../async/maybe_promise.ts";
import { errorOf } from "../storage/errno.ts";
import { FilteredFile } from "../storage/filtered_storage.ts";
import type { FileAttrs, FileHandle, OpenOptions } from "../storage/storage.ts";
import type { Draft } from "./draft.ts";

/** A client's handle on a {@linkcode Draft}. */
export class DraftFile extends FilteredFile {
  readonly draft: Draft;
  readonly #options: OpenOptions;
  #hasChanged: boolean;

  /** @param hasChanged Whether opening has changed the file already, as truncating does. */
  constructor(draft: Draft, options: OpenOptions, hasChanged: boolean) {
    super(draft.current);
    this.draft = draft;
    this.#options = options;
    this.#hasChanged = hasChanged;
    draft.handles++;
  }

  override read(into: Uint8Array, position: number): MaybePromise<number> {
    return this.toRead().read(into, position);
  }

  override write(data: Uint8Array, position: number): MaybePromise<void> {
    const file = this.toWrite();
    if (!this.#options.append) return after(file, (file) => file.write(data, position));
    return after(
      file,
      (file) => after(file.stat(), ({ size = position }) => file.write(data, size)),
    );
  }

  override stat(): MaybePromise<FileAttrs> {
    return this.draft.current.stat();
  }

  override setAttrs(attrs: FileAttrs): MaybePromise<void> {
    const { size } = attrs;
    if (size === undefined) return this.draft.current.setAttrs(attrs);
    if (!this.#options.write) throw errorOf("EINVAL");
    return after(this.#toChange(size === 0), (file) => file.setAttrs(attrs));
  }

  override close(aborted: boolean): MaybePromise<void> {
    return this.draft.close({ hasChanged: this.#hasChanged, aborted });
  }

  override spoil(): void {
    this.#hasChanged = true;
    this.draft.spoil();
  }

  /** The file of the inner storage to read from. */
  toRead(): FileHandle {
    if (!this.#options.read) throw errorOf("EBADF");
    return this.draft.current;
  }

  /** The file of the inner storage to write to. */
  toWrite(): MaybePromise<FileHandle> {
    if (!this.#options.write) throw errorOf("EBADF");
    return this.#toChange(false);
  }

  /** The position for a write of something that is not in memory. */
  positionFor(position: number): MaybePromise<number> {
    if (!this.#options.append) return position;
    return after(this.draft.current.stat(), ({ size = position }) => size);
  }

  #toChange(emptied: boolean): MaybePromise<FileHandle> {
    this.#hasChanged = true;
    return this.draft.changed ?? this.draft.toChange(emptied);
  }
}
