import type { FileAttrs } from "../../attrs.ts";
import { errorOf } from "../errno.ts";
import { beyondAnyFile, StorageError } from "../errors.ts";
import type { BeforePublish } from "../finished_upload.ts";
import { copyBytes } from "../remote/copy_bytes.ts";
import { sessionEnded, Turns } from "../remote/turns.ts";
import type { CopyRange, FileHandle, OpenOptions, VirtualPath } from "../storage.ts";
import { ChunkReader } from "./versions/chunk_reader.ts";
import { type FileDoc, idText, type Metadata } from "./database/documents.ts";
import { Draft } from "./versions/draft.ts";
import { fail } from "./database/gridfs_errors.ts";
import {
  attrsOfFile,
  metadataOf,
  metadataOfAttrs,
  metadataUpdate,
  type Owner,
} from "./tree/nodes.ts";
import type { GridFsContext } from "./database/context.ts";
import { currentPath } from "./versions/retire.ts";

/** The file to open. */
export interface FileOrigin {
  /** Where it is, or will be. */
  readonly path: VirtualPath;
  /** The version that exists; undefined for a new file. */
  readonly doc: FileDoc | undefined;
  /** The attributes of a new file. */
  readonly metadata: Metadata;
}

/** What a {@linkcode GridFsFile} needs of its storage. */
export interface FileHost extends GridFsContext {
  readonly owner: Owner;
  /** Aborted at the end of the session. */
  readonly ending: AbortSignal;
  /** Decides about each version before it is published. */
  readonly beforePublish: BeforePublish | undefined;
  /** Called when this handle of the file is closed. */
  closed(file: GridFsFile): void;
}

/**
 * An open file. It stays the same file when it is renamed or removed. No other session sees what is
 * written before the handle is closed; then they see all of it.
 */
export class GridFsFile implements FileHandle {
  /** Where a new file will be; other files are found by their version. */
  path: VirtualPath;
  /** Set if a new file was removed before any other session saw it. */
  isRemoved = false;
  readonly #host: FileHost;
  readonly #options: OpenOptions;
  readonly #metadata: Metadata;
  #doc: FileDoc | undefined;
  #reader: ChunkReader | undefined;
  #draft: Draft | undefined;
  #changes: Metadata = {};
  readonly #turns = new Turns();
  /** Stops long work that no caller waits for any more. */
  readonly #breakingOff = new AbortController();
  readonly #signal: AbortSignal;
  #isOpen = true;

  /** Made by `GridFsStorage.open()`. */
  constructor(host: FileHost, options: OpenOptions, { path, doc, metadata }: FileOrigin) {
    this.#host = host;
    this.#options = options;
    this.#metadata = metadata;
    this.path = path;
    this.#doc = doc;
    this.#signal = AbortSignal.any([host.ending, this.#breakingOff.signal]);
    if (doc === undefined || options.truncate) this.#draft = Draft.empty(host, this.#signal);
  }

  /** Whether no other session can see it yet. */
  get isNew(): boolean {
    return this.#doc === undefined;
  }

  /** Reads into `into` from byte `position`, and returns how many bytes there were. */
  read(into: Uint8Array, position: number): Promise<number> {
    this.#refuseUnless(this.#options.read);
    if (this.#draft === undefined && !this.#options.write) return this.#read(into, position);
    return this.#inTurn(() =>
      this.#draft?.content.read(into, position) ?? this.#read(into, position)
    );
  }

  /** Writes all of `data` at byte `position`, or at the end under `append`. */
  write(data: Uint8Array, position: number): Promise<void> {
    this.#refuseUnless(this.#options.write);
    return this.#inTurn(async () => {
      const draft = await this.#edit();
      await draft.content.write(data, this.#options.append ? draft.content.length : position);
      this.#touch(draft);
    });
  }

  /** The file's attributes, with the changes made through this handle. */
  async stat(): Promise<FileAttrs> {
    this.#refuseUnless(true);
    return await this.#inTurn(() => this.#attrs());
  }

  /** Changes the file's attributes; `size` only if the file is open for writing. */
  setAttrs(attrs: FileAttrs): Promise<void> {
    this.#refuseUnless(true);
    return this.#inTurn(async () => {
      const { size } = attrs;
      if (size !== undefined && this.#options.write) await this.#resize(size);
      await this.#setMetadata(metadataOfAttrs(attrs));
      if (size !== undefined && !this.#options.write) throw errorOf("EINVAL");
    });
  }

  /** Sends what was written to the database. */
  flush(): Promise<void> {
    this.#refuseUnless(true);
    return this.#inTurn(async () => await this.#draft?.content.flush());
  }

  /** Makes what was written visible to everyone; if the session breaks off, discards it. */
  close(aborted: boolean): Promise<void> {
    this.#refuseUnless(true);
    this.#isOpen = false;
    if (aborted) this.#breakingOff.abort(sessionEnded());
    return this.#inTurn(async () => {
      try {
        await this.#reader?.close();
        if (aborted) await this.#draft?.discard();
        else if (this.#draft !== undefined) await this.#publish(this.#draft);
      } finally {
        this.#host.closed(this);
      }
    });
  }

  /**
   * Copies between two files and returns the number of bytes copied, less than asked for only at
   * the source's end.
   */
  static async copy(range: CopyRange<GridFsFile>): Promise<number> {
    const { source, target } = range;
    source.#refuseUnless(source.#options.read);
    target.#refuseUnless(target.#options.write);
    if (source === target || source.#isSameAs(target)) {
      throw new StorageError("failure", "both are the same file");
    }
    return await copyBytes(range);
  }

  #isSameAs(other: GridFsFile): boolean {
    const [here, there] = [this.#doc, other.#doc];
    if (here !== undefined && there !== undefined) return idText(here._id) === idText(there._id);
    return here === there && this.path === other.path;
  }

  async #read(into: Uint8Array, position: number): Promise<number> {
    this.#reader ??= new ChunkReader(this.#host.bucket, this.#doc!);
    return await this.#reader.read(into, position);
  }

  /** The draft that this handle writes; begins one if there is none. */
  async #edit(): Promise<Draft> {
    // The draft begins from the current version, where other sessions have written the file since.
    this.#draft ??= Draft.from(
      this.#host,
      await this.#successor() ?? this.#doc!,
      this.#signal,
    );
    return this.#draft;
  }

  async #resize(size: number): Promise<void> {
    if (!Number.isSafeInteger(size)) throw beyondAnyFile(size);
    const draft = await this.#edit();
    await draft.content.resize(size);
    this.#touch(draft);
  }

  #touch(draft: Draft): void {
    draft.changed = this.#host.bucket.now();
    // A write overrides the times that were set before it.
    const { mtime: _mtime, ...changes } = this.#changes;
    this.#changes = changes;
  }

  async #setMetadata(changes: Metadata): Promise<void> {
    if (Object.keys(changes).length === 0) return;
    if (this.#draft !== undefined) {
      this.#changes = { ...this.#changes, ...changes };
      return;
    }
    const doc = await this.#successor();
    if (doc === undefined) return;
    await this.#host.bucket.files.update({ _id: doc._id }, metadataUpdate(doc, changes));
  }

  async #attrs(): Promise<FileAttrs> {
    const { owner } = this.#host;
    if (this.#draft === undefined) return attrsOfFile(await this.#fresh(), owner);
    const { content, changed } = this.#draft;
    const times = { atime: changed, mtime: changed };
    const before = this.#doc === undefined ? this.#metadata : metadataOf(this.#doc);
    const metadata = { ...before, ...times, ...this.#changes };
    const doc = {
      filename: "",
      chunkSize: 1,
      uploadDate: changed,
      length: content.length,
      metadata,
    };
    return attrsOfFile(doc as unknown as FileDoc, owner);
  }

  /** The document as it is now; the last known one if it has gone. */
  async #fresh(): Promise<FileDoc> {
    const { _id } = this.#doc!;
    this.#doc = await this.#host.bucket.files.first({ _id }) ?? this.#doc!;
    return this.#doc;
  }

  /** The version that is the file now; undefined if it was removed. */
  async #successor(): Promise<FileDoc | undefined> {
    const { bucket, tree } = this.#host;
    const { _id } = this.#doc!;
    const doc = await bucket.files.first({ _id });
    if (doc !== undefined) return doc;
    const path = await currentPath(bucket, _id, this.path);
    return path === undefined ? undefined : await tree.newest(path);
  }

  async #publish(draft: Draft): Promise<void> {
    await this.#requireAccepted(draft);
    // It may have been renamed or removed meanwhile.
    const path = await this.#destination();
    if (path === undefined) {
      await draft.discard();
      return;
    }
    await draft.publish({
      path,
      exclusive: this.isNew && this.#options.exclusive,
      metadata: this.#metadata,
      changes: this.#changes,
    });
  }

  /** Fails if the version is refused; it is discarded then. */
  async #requireAccepted(draft: Draft): Promise<void> {
    const { beforePublish, tree } = this.#host;
    const path = await this.#destination();
    if (beforePublish === undefined || path === undefined) return;
    const { content } = draft;
    const replaces = await tree.entry(path) !== undefined;
    const upload = { path, draft: undefined, size: content.length, replaces };
    try {
      await beforePublish(upload, { read: (into, position) => content.read(into, position) });
    } catch (error) {
      await draft.discard();
      throw error;
    }
  }

  /** Where the file is now; undefined if it was removed. */
  async #destination(): Promise<VirtualPath | undefined> {
    if (this.#doc === undefined) return this.isRemoved ? undefined : this.path;
    return await currentPath(this.#host.bucket, this.#doc._id, this.path);
  }

  /** One after another, in the order of the calls. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return await this.#turns.take(work).catch(fail);
  }

  #refuseUnless(isAllowed: boolean): void {
    if (!this.#isOpen || !isAllowed) throw errorOf("EBADF");
  }
}
