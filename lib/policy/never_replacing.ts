import type { MaybePromise, VirtualPath } from "../storage/storage.ts";
import { FilteredStorage } from "./filtered_storage.ts";

/**
 * A storage in which no rename replaces anything: posix-rename behaves as RENAME does. It stays
 * advertised, because OpenSSH's `rename` and other clients ask for it first.
 */
export class NeverReplacingStorage extends FilteredStorage {
  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.rename(from, to);
  }
}
