import { after } from "../async/maybe_promise.ts";
import type {
  FileAttrs,
  MaybePromise,
  OpenOptions,
  Storage,
  VirtualPath,
} from "../storage/storage.ts";
import type { AccessPolicy } from "./access.ts";
import { FilteredFile, FilteredStorage, whileOpen } from "../storage/filtered_storage.ts";

/** The options of {@linkcode forcedModes}. */
export interface ForcedModes {
  /** Permission bits of every new file, up to 07777. */
  readonly file?: number | undefined;
  /** Permission bits of every new directory, up to 07777. */
  readonly directory?: number | undefined;
  /** Requests for other permission bits succeed and change nothing. */
  readonly ignoreChmod?: boolean | undefined;
}

/**
 * The permission bits that new files and directories get, whatever the client
 * asks for and whatever the umask is.
 *
 * `file` affects OPEN: a file that it creates gets the bits through its handle. So nothing is
 * written through a dangling link. `directory` affects MKDIR: the bits are set by path, because no
 * storage holds a new directory open. `ignoreChmod` affects SETSTAT, FSETSTAT and lsetstat: the
 * permissions in them are left out, and size, times and owner are set; without it, a client may
 * change the bits afterwards.
 */
export function forcedModes(modes: ForcedModes): AccessPolicy {
  return { name: "modes", anyPath: true, wrap: (storage) => new ForcedModeStorage(storage, modes) };
}

class ForcedModeStorage extends FilteredStorage {
  readonly #modes: ForcedModes;

  constructor(inner: Storage, modes: ForcedModes) {
    super(inner);
    this.#modes = modes;
  }

  override open(path: VirtualPath, options: OpenOptions): MaybePromise<FilteredFile> {
    const { file: mode } = this.#modes;
    if (mode === undefined || !options.create) {
      return after(super.open(path, options), (file) => this.#chmodless(file));
    }
    // No other user may have more permissions until the bits are set.
    const attrs = { ...options.attrs, permissions: mode };
    return after(this.openNew(path, { ...options, attrs }), (made) => {
      if (made === undefined) return this.open(path, { ...options, create: false });
      return whileOpen(
        made,
        () => after(made.setAttrs({ permissions: mode }), () => this.#chmodless(made)),
      );
    });
  }

  override mkdir(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    const { directory: permissions } = this.#modes;
    if (permissions === undefined) return super.mkdir(path, attrs);
    return after(
      super.mkdir(path, { ...attrs, permissions }),
      () => super.setAttrs(path, { permissions }),
    );
  }

  override setAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    if (!this.#ignores(attrs)) return super.setAttrs(path, attrs);
    // Even if nothing is left to set, a missing file is reported.
    return after(super.stat(path), () => super.setAttrs(path, withoutMode(attrs)));
  }

  override setLinkAttrs(path: VirtualPath, attrs: FileAttrs): MaybePromise<void> {
    if (!this.#ignores(attrs)) return super.setLinkAttrs(path, attrs);
    return after(super.lstat(path), () => super.setLinkAttrs(path, withoutMode(attrs)));
  }

  #ignores({ permissions }: FileAttrs): boolean {
    return this.#modes.ignoreChmod === true && permissions !== undefined;
  }

  #chmodless(file: FilteredFile): FilteredFile {
    return this.#modes.ignoreChmod === true ? new ChmodlessFile(file.inner) : file;
  }
}

/** An open file whose permission bits cannot be changed. */
class ChmodlessFile extends FilteredFile {
  override setAttrs(attrs: FileAttrs): MaybePromise<void> {
    return super.setAttrs(withoutMode(attrs));
  }
}

function withoutMode({ permissions: _, ...others }: FileAttrs): FileAttrs {
  return others;
}
