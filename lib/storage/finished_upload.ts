import type { FileHandle, MaybePromise, VirtualPath } from "./storage.ts";

/** An upload that is complete and not visible yet. */
export interface FinishedUpload {
  /** The path of the file, with links resolved, after the session's renames. */
  readonly path: VirtualPath;
  /** Where the content is until it is published, in the inner storage; undefined if nowhere there. */
  readonly draft: VirtualPath | undefined;
  /** Bytes. */
  readonly size: number;
  /** Whether something has that path already. */
  readonly replaces: boolean;
}

/**
 * Decides about an upload, when a client closes a file that it has written: before the file gets its
 * name, and before the client is answered. If it fails, the upload is refused: the old content
 * stays, what was uploaded is removed, and CLOSE fails with that error.
 *
 * @param file What was uploaded, to be read.
 */
export type BeforePublish = (
  upload: FinishedUpload,
  file: Pick<FileHandle, "read">,
) => MaybePromise<void>;
