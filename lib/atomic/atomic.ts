/**
 * Uploads that are whole: a storage around another one in which a file gets its name when it is
 * closed, with all of its content.
 *
 * @module
 */

import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { AtomicStorage } from "./atomic_storage.ts";
import type { AtomicOptions } from "./options.ts";

export type { AtomicOptions, BeforePublish, FinishedUpload } from "./options.ts";

/**
 * A storage in which uploads are whole, for one session. A file that is created, truncated or
 * written is a draft under a hidden name, next to where it will be, and takes its place in one step
 * when it is closed; other sessions see the old content, or nothing, until then. The session itself
 * finds what it is writing under the name that it gave.
 *
 * @param storage It must offer `posixRename`; for `sync`, also `fsync`. Its `drafts`, if it has
 *     them, lock drafts, so that another session knows which ones are dead and removes them.
 * @throws {StorageError} `unsupported`, if the storage lacks what is needed.
 *
 * @example
 * ```ts
 * import { atomic, openJail, serve } from "@sftpwrap/sftpwrap";
 *
 * Deno.exit(await serve(atomic(await openJail("/srv/sftp/alice"))));
 * ```
 */
export function atomic(storage: Storage, options: AtomicOptions = {}): Storage {
  const { posixRename, fsync } = storage.extensions;
  if (posixRename === undefined) {
    const reason = "uploads cannot be atomic: this storage cannot replace a file in one step";
    throw new StorageError("unsupported", reason);
  }
  if (options.sync && fsync === undefined) {
    throw new StorageError("unsupported", "this storage cannot sync uploads");
  }
  return new AtomicStorage(storage.underPolicies?.() ?? storage, options);
}
