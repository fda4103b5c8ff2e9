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
    return after(this.toRead(), (file) => file.read(into, position));
  }

  override write(data: Uint8Array, position: number): MaybePromise<void> {
    this.#changing();
    if (this.#options.append) {
      return after(
        this.draft.toChange(),
        (file) => after(file.stat(), ({ size = position }) => file.write(data, size)),
      );
    }
    const file = this.draft.whole ?? this.draft.toWrite(position, data.length);
    return after(file, (file) => file.write(data, position));
  }

  override stat(): MaybePromise<FileAttrs> {
    return this.draft.current.stat();
  }

  override setAttrs(attrs: FileAttrs): MaybePromise<void> {
    const { size, ...others } = attrs;
    if (size === undefined) return this.draft.current.setAttrs(attrs);
    if (!this.#options.write) throw errorOf("EINVAL");
    this.#hasChanged = true;
    return after(this.draft.resize(size), () => this.draft.current.setAttrs(others));
  }

  override close(aborted: boolean): MaybePromise<void> {
    return this.draft.close({ hasChanged: this.#hasChanged, aborted });
  }

  override spoil(): void {
    if (!this.#options.write) return;
    this.#hasChanged = true;
    this.draft.spoil();
  }

  /** The file of the inner storage to read from. */
  toRead(): MaybePromise<FileHandle> {
    if (!this.#options.read) throw errorOf("EBADF");
    return this.draft.whole ?? this.draft.toRead();
  }

  /** The file of the inner storage to change, and the position for a change at `position`. */
  toChange(
    position: number,
  ): MaybePromise<{ readonly file: FileHandle; readonly position: number }> {
    this.#changing();
    return after(this.draft.toChange(), (file) => {
      if (!this.#options.append) return { file, position };
      return after(file.stat(), ({ size = position }) => ({ file, position: size }));
    });
  }

  #changing(): void {
    if (!this.#options.write) throw errorOf("EBADF");
    this.#hasChanged = true;
  }
}
