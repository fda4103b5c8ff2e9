import { atomic, type AtomicOptions } from "../atomic/atomic.ts";
import type { BeforePublish, FinishedUpload } from "../storage/finished_upload.ts";
import { StorageError } from "../storage/errors.ts";
import type { FileHandle, MaybePromise, Storage } from "../storage/storage.ts";

const PIECE_BYTES = 64 * 1024;

/** An upload that is complete and not visible yet, with its content. */
export interface CompleteUpload extends FinishedUpload {
  /** The whole file, to be read while it is decided about: it ends with the decision. */
  readonly content: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Decides about an upload; a `StorageError` refuses it, with the reason that the client gets. */
export type DecideUpload = (upload: CompleteUpload) => MaybePromise<void>;

/**
 * Calls your code when an upload is complete, before it gets its name and before the client is
 * answered. If it fails, the upload is refused: CLOSE fails, and the old content stays. Uploads are
 * atomic for that, see {@linkcode atomic}. Other requests are served meanwhile.
 *
 * @param options As for {@linkcode atomic}.
 * @throws {StorageError} `unsupported`, if the storage lacks what atomic uploads need.
 *
 * @example Only PDF files
 * ```ts
 * import { onUpload, openJail, serve, StorageError } from "@sftpwrap/sftpwrap";
 *
 * const storage = onUpload(await openJail("/srv/sftp/alice"), async ({ path, content }) => {
 *   for await (const bytes of content) {
 *     if (new TextDecoder().decode(bytes.subarray(0, 5)) === "%PDF-") return;
 *     break;
 *   }
 *   throw new StorageError("failure", `${path} is not a PDF file`);
 * });
 * Deno.exit(await serve(storage));
 * ```
 */
export function onUpload(
  storage: Storage,
  decide: DecideUpload,
  options: Omit<AtomicOptions, "beforePublish"> = {},
): Storage {
  return atomic(storage, { ...options, beforePublish: withContent(decide) });
}

/** Makes of `decide` what storages take that publish by themselves, such as GridFS. */
export function withContent(decide: DecideUpload): BeforePublish {
  return async (upload, file) => {
    let isOver = false;
    const content = contentOf(file, () => isOver);
    try {
      await decide({ ...upload, content });
    } finally {
      isOver = true;
    }
  };
}

function contentOf(
  file: Pick<FileHandle, "read">,
  isOver: () => boolean,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = 0;
  return new ReadableStream({
    async pull(controller) {
      if (isOver()) throw new StorageError("failure", "the upload has been decided about");
      const piece = new Uint8Array(PIECE_BYTES);
      const count = await file.read(piece, position);
      position += count;
      if (count > 0) controller.enqueue(piece.subarray(0, count));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}
