import { Long, ObjectId } from "mongodb";
import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { ChunkSender } from "./chunk_sender.ts";
import { Content } from "./content.ts";
import type { FileDoc, Metadata } from "../database/documents.ts";
import { ignoreFailure, uploadId } from "../database/journal.ts";
import { MAX_CHUNK_BYTES } from "../database/layout.ts";
import { isDocument, metadataOf } from "../tree/nodes.ts";
import type { GridFsContext } from "../database/context.ts";
import { type Finished, publish } from "./publish.ts";

/** Bytes in each chunk of a new file: the default of the specification. */
const CHUNK_BYTES = 255 * 1024;

/** How a draft becomes a file. */
export interface Publication {
  readonly path: VirtualPath;
  readonly exclusive: boolean;
  /** Attributes of the file if it is new. */
  readonly metadata: Metadata;
  /** Attributes that were set while it was open. */
  readonly changes: Metadata;
}

/**
 * A version of a file that is being written, under an id of its own, which no session sees until it
 * is published.
 */
export class Draft {
  readonly content: Content;
  readonly #context: GridFsContext;
  readonly #sender: ChunkSender;
  /** Its own id, under which the chunks wait. */
  readonly #id = new ObjectId();
  readonly #base: FileDoc | undefined;
  readonly #reader: ChunkReader | undefined;
  readonly #chunkSize: number;
  /** When the content was last changed. */
  changed: Date;

  private constructor(
    context: GridFsContext,
    { base, signal }: { readonly base?: FileDoc; readonly signal: AbortSignal },
  ) {
    const { bucket, journal } = context;
    this.#context = context;
    this.#base = base;
    this.changed = bucket.now();
    this.#reader = base === undefined ? undefined : new ChunkReader(bucket, base);
    this.#sender = new ChunkSender(
      bucket,
      this.#id,
      () => journal.beginUpload(this.#id, base?._id),
    );
    const { chunkSize } = this.#reader ?? { chunkSize: CHUNK_BYTES };
    this.#chunkSize = chunkSize <= MAX_CHUNK_BYTES ? chunkSize : CHUNK_BYTES;
    this.content = new Content({
      chunkSize: this.#chunkSize,
      sender: this.#sender,
      base: this.#reader,
      signal,
    });
  }

  /**
   * A version that begins empty.
   *
   * @param signal Stops long work.
   */
  static empty(context: GridFsContext, signal: AbortSignal): Draft {
    return new Draft(context, { signal });
  }

  /**
   * A version that begins as another one. What does not change is copied at the end.
   *
   * @param signal Stops long work.
   */
  static from(context: GridFsContext, base: FileDoc, signal: AbortSignal): Draft {
    const draft = new Draft(context, { base, signal });
    // The journal must learn at once that the other version is needed.
    draft.#sender.prepare();
    return draft;
  }

  /** Makes the draft visible to everyone as the file at `path`; discards it if that fails. */
  async publish(publication: Publication): Promise<void> {
    const finished: Finished = {
      ...publication,
      describe: (current) => this.#describe(current, publication),
    };
    try {
      await this.#finish();
    } catch (error) {
      await this.discard();
      throw error;
    }
    try {
      await publish(this.#context, finished);
    } catch (error) {
      // A refusal came before the decisive step. After that step, only the database knows.
      if (error instanceof StorageError) await this.discard();
      else this.#context.journal.abandon({ _id: uploadId(this.#id), kind: "upload" });
      throw error;
    }
  }

  async #finish(): Promise<void> {
    // For an empty file, too, the journal must know what it replaces.
    this.#sender.prepare();
    await this.content.finish();
    await this.#reader?.close();
    const surplus = [...this.#sender.sent].filter(([n]) => n >= this.content.count);
    await this.#context.bucket.chunks.removeAll(surplus.map(([, { id }]) => id));
  }

  /** Removes all of the draft; what cannot be removed now is swept later. */
  async discard(): Promise<void> {
    const { bucket, journal } = this.#context;
    await this.#sender.settle();
    await this.#reader?.close();
    try {
      if (!this.#sender.hasBegun) return;
      await bucket.chunks.remove({ files_id: this.#id });
      await journal.end(uploadId(this.#id));
    } catch (error) {
      ignoreFailure(error);
    }
  }

  #describe(
    current: FileDoc | undefined,
    { metadata, changes }: Publication,
  ): Omit<FileDoc, "filename" | "uploadDate"> {
    // An edit keeps what other programs have put into the document, except the checksum of the old
    // content.
    const { md5: _md5, ...kept }: FileDoc & { md5?: unknown } = this.#base ??
      {
        _id: this.#id,
        length: 0,
        chunkSize: this.#chunkSize,
        filename: "",
        uploadDate: new Date(0),
      };
    const others = isDocument(kept.metadata) ? kept.metadata : {};
    const owned = current === undefined ? metadata : metadataOf(current);
    const times = { atime: this.changed, mtime: this.changed };
    return {
      ...kept,
      _id: this.#id,
      length: Long.fromNumber(this.content.length),
      chunkSize: this.#chunkSize,
      metadata: { ...others, ...owned, ...times, ...changes },
    };
  }
}
