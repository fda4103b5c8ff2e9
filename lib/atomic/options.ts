import type { MaybePromise } from "../async/maybe_promise.ts";
import type { FileHandle, VirtualPath } from "../storage/storage.ts";

/** An upload that is complete and not visible yet. */
export interface FinishedUpload {
  /** The path of the file, with links resolved, after the session's renames. */
  readonly path: VirtualPath;
  /** Where the content is until it is published, in the inner storage. */
  readonly draft: VirtualPath | undefined;
  /** Bytes. */
  readonly size: number;
  /** Whether something has that path already. */
  readonly replaces: boolean;
}

/** What `atomic` does besides; all of it may be absent. */
export interface AtomicOptions {
  /**
   * Called when a client closes a file that it has written, before the file gets its name and
   * before the client is answered. If it fails, the upload is refused: the old content stays, what
   * was uploaded is removed, and CLOSE fails with that error.
   *
   * @param file What was uploaded, open for reading; it must not be closed.
   */
  readonly beforePublish?:
    | ((upload: FinishedUpload, file: FileHandle) => MaybePromise<void>)
    | undefined;
  /** Whether content and name are stored on the disk before CLOSE is answered. */
  readonly sync?: boolean | undefined;
  /** Is told what was unusually expensive. */
  readonly log?: ((line: string) => void) | undefined;
}
