import { Long, ObjectId } from "mongodb";
import { StorageError } from "../errors.ts";
import type { VirtualPath } from "../storage.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { ChunkSender } from "./chunk_sender.ts";
import { Content } from "./content.ts";
import type { FileDoc, FileId, Metadata } from "./documents.ts";
import { idText, timeOf } from "./documents.ts";
import { LARGEST_CHUNK_BYTES } from "./layout.ts";
import { editId, ignoreFailure, uploadId } from "./journal.ts";
import { isDocument, metadataOf } from "./nodes.ts";
import { type Finished, type Place, publishEdit, publishWhole } from "./publish.ts";

/** Bytes in each chunk of a new file: what the specification proposes. */
const CHUNK_SIZE = 255 * 1024;
/** A file of so few chunks is written anew when it is edited. */
const FEW_CHUNKS = 8;
/** Attempts to copy a file that others edit in place. */
const TRIES = 5;
const PAUSE = 500;

/** How a draft becomes a file. */
export interface Publication {
  readonly path: VirtualPath;
  readonly exclusive: boolean;
  /** Attributes of the file where it is new. */
  readonly metadata: Metadata;
  /** Attributes that were set while it was open. */
  readonly changes: Metadata;
}

/**
 * A version of a file that is being written, which nobody sees until it is
 * published: either a whole one under an id of its own, or an edit, which
 * holds only the chunks that change.
 */
export class Draft {
  readonly content: Content;
  readonly #place: Place;
  readonly #sender: ChunkSender;
  /** The `files_id` under which the chunks wait. */
  readonly #staged: FileId;
  readonly #base: FileDoc | undefined;
  readonly #isEdit: boolean;
  readonly #reader: ChunkReader | undefined;
  readonly #chunkSize: number;
  /** The last change of the content. */
  changed: Date;

  private constructor(
    place: Place,
    { staged, base, isEdit = false, signal }: {
      readonly staged: FileId;
      readonly signal: AbortSignal;
      readonly base?: FileDoc;
      readonly isEdit?: boolean;
    },
  ) {
    const { bucket, journal } = place;
    this.#place = place;
    this.#staged = staged;
    this.#base = base;
    this.#isEdit = isEdit;
    this.changed = bucket.now();
    this.#reader = base === undefined ? undefined : new ChunkReader(bucket, base);
    this.#sender = new ChunkSender(
      bucket,
      staged,
      // An edit is in the journal already.
      () => isEdit ? Promise.resolve() : journal.beginUpload(staged),
    );
    const { chunkSize } = this.#reader ?? { chunkSize: CHUNK_SIZE };
    this.#chunkSize = chunkSize <= LARGEST_CHUNK_BYTES ? chunkSize : CHUNK_SIZE;
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
   * @param signal Ends what takes long.
   */
  static empty(place: Place, signal: AbortSignal): Draft {
    return new Draft(place, { staged: new ObjectId(), signal });
  }

  /**
   * A version that begins as `doc`, or as that file is by now. Large files are
   * edited in place, by one session at a time; another one copies the file.
   *
   * @param signal Ends what takes long.
   */
  static async from(place: Place, doc: FileDoc, signal: AbortSignal): Promise<Draft> {
    const { bucket, journal } = place;
    for (let tries = 1; tries <= TRIES; tries++) {
      const base = await bucket.files.first({ _id: doc._id }) ?? doc;
      const staged = new ObjectId();
      const reader = new ChunkReader(bucket, base);
      if (reader.count > FEW_CHUNKS && await journal.beginEdit(base._id, staged)) {
        // It may have been edited between the two.
        const fresh = await bucket.files.first({ _id: doc._id }) ?? base;
        return new Draft(place, { staged, base: fresh, isEdit: true, signal });
      }
      const draft = new Draft(place, { staged, base, signal });
      if (await draft.#copyBase()) return draft;
      await draft.discard();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    throw new StorageError("failure", "another session is changing the file");
  }

  /** Shows the draft to everyone as the file at `path`; where it fails, it is discarded. */
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
      if (this.#isEdit) await publishEdit(this.#place, finished, this.#staged);
      else await publishWhole(this.#place, finished);
    } catch (error) {
      // A refusal came before the first step. After it, only the database knows how far it went.
      if (error instanceof StorageError) await this.discard();
      else if (this.#entry !== undefined) this.#place.journal.abandon(this.#entry);
      throw error;
    }
  }

  /** The journal's entry of this draft, where there is one. */
  get #entry(): string | undefined {
    if (this.#isEdit) return editId(this.#base!._id);
    return this.#sender.hasBegun ? uploadId(this.#staged) : undefined;
  }

  async #finish(): Promise<void> {
    const { bucket, journal } = this.#place;
    // Also of an empty file the journal is to know what it replaces.
    this.#sender.prepare();
    await this.content.finish({ keepsBase: this.#isEdit });
    await this.#reader?.close();
    const surplus = [...this.#sender.sent].filter(([n]) => n >= this.content.count);
    await bucket.chunks.removeAll(surplus.map(([, { id }]) => id));
    if (this.#entry !== undefined) await journal.confirm(this.#entry);
  }

  /** Leaves nothing of the draft; what cannot be removed now is swept later. */
  async discard(): Promise<void> {
    const { bucket, journal } = this.#place;
    await this.#sender.settle();
    await this.#reader?.close();
    try {
      if (this.#sender.hasBegun) await bucket.chunks.remove({ files_id: this.#staged });
      if (this.#entry !== undefined) await journal.end([this.#entry]);
    } catch (error) {
      ignoreFailure(error);
    }
  }

  /** Makes the base's chunks its own; false where they changed meanwhile. */
  async #copyBase(): Promise<boolean> {
    const before = await this.#editor();
    if (before === undefined) return false;
    if (this.content.count <= FEW_CHUNKS) await this.content.holdBase();
    else await this.content.copyBase();
    return before === await this.#editor();
  }

  /** Who edits the base in place, and when it was last changed; undefined while it is changed. */
  async #editor(): Promise<string | undefined> {
    const { bucket } = this.#place;
    const { _id } = this.#base!;
    const [entry, doc] = await Promise.all([
      bucket.journal.first({ _id: editId(_id) }),
      bucket.files.first({ _id }, { projection: { uploadDate: 1 } }),
    ]);
    if (entry?.kind !== "edit") return `${timeOf(doc?.uploadDate)}`;
    if (entry.result !== undefined) return undefined;
    return `${timeOf(doc?.uploadDate)} ${idText(entry.staged)}`;
  }

  #describe(
    current: FileDoc | undefined,
    { metadata, changes }: Publication,
  ): Omit<FileDoc, "filename" | "uploadDate"> {
    // An edit keeps what others have put into the document, but not the sum of the old content.
    const { md5: _md5, ...kept }: FileDoc & { md5?: unknown } = this.#base ??
      {
        _id: this.#staged,
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
      _id: this.#isEdit ? kept._id : this.#staged,
      length: Long.fromNumber(this.content.length),
      chunkSize: this.#chunkSize,
      metadata: { ...others, ...owned, ...times, ...changes },
    };
  }
}
