import type { MaybePromise, VirtualPath } from "../storage/storage.ts";
import { FilteredStorage } from "./filtered_storage.ts";

/**
 * A storage in which no rename replaces anything: posix-rename does what RENAME
 * does. It stays advertised, as OpenSSH's `rename` and others ask for it first.
 */
export class NeverReplacingStorage extends FilteredStorage {
  override posixRename(from: VirtualPath, to: VirtualPath): MaybePromise<void> {
    return this.rename(from, to);
  }
}
