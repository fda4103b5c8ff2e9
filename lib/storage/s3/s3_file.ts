import { type FileAttrs, FileType } from "../../attrs.ts";
import { errorOf } from "../errno.ts";
import { beyondAnyFile, StorageError } from "../errors.ts";
import type { BeforePublish } from "../finished_upload.ts";
import { copyBytes } from "../remote/copy_bytes.ts";
import { sessionEnded, Turns } from "../remote/turns.ts";
import type { CopyRange, FileHandle, OpenOptions, VirtualPath } from "../storage.ts";
import type { Condition, NewObject, ObjectInfo, Written } from "./client/s3_client.ts";
import { isPreconditionFailed } from "./client/s3_errors.ts";
import type { S3Context, StoredObject } from "./context.ts";
import { copyObject } from "./objects/copy.ts";
import { Draft } from "./objects/draft.ts";
import { ObjectReader } from "./objects/object_reader.ts";
import {
  type Attributes,
  attributesOf,
  attrsOf,
  metadataOfCopy,
  metadataOfEdit,
  metadataWith,
} from "./tree/attributes.ts";
import { keyOf } from "./tree/keys.ts";

/** The file to open. */
export interface FileOrigin {
  /** Where it is, or will be. */
  readonly path: VirtualPath;
  /** The object that exists; undefined for a new file. */
  readonly info: ObjectInfo | undefined;
  /** The attributes of a new file. */
  readonly attributes: Attributes;
}

/** What an {@linkcode S3File} needs of its storage. */
export interface FileHost extends S3Context {
  /** Decides about each upload before it is published. */
  readonly beforePublish: BeforePublish | undefined;
  /** Called when this handle of the file is closed. */
  closed(file: S3File): void;
}

/**
 * An open file. It stays the same file when this session renames or removes it. No other session
 * sees what is written before the handle is closed; then they see all of it.
 */
export class S3File implements FileHandle {
  /** Where the file is, or will be. */
  path: VirtualPath;
  /** Set if this session has removed the file: what is written is then discarded. */
  isRemoved = false;
  readonly #host: FileHost;
  readonly #options: OpenOptions;
  readonly #attributes: Attributes;
  #info: ObjectInfo | undefined;
  #reader: ObjectReader | undefined;
  #draft: Draft | undefined;
  #changes: Attributes = {};
  /** The changes that the draft's object has already. */
  #described: Attributes | undefined;
  /** Whether the draft has nothing of the object. */
  readonly #isWholeNew: boolean;
  readonly #turns = new Turns();
  /** Stops long work that no caller waits for any more. */
  readonly #breakingOff = new AbortController();
  readonly #signal: AbortSignal;
  #isOpen = true;
  #isSpoiled = false;

  /** Made by `S3Storage.open()`. */
  constructor(host: FileHost, options: OpenOptions, { path, info, attributes }: FileOrigin) {
    this.#host = host;
    this.#options = options;
    this.#attributes = attributes;
    this.path = path;
    this.#info = info;
    this.#signal = AbortSignal.any([host.ending, this.#breakingOff.signal]);
    this.#isWholeNew = info === undefined || options.truncate;
    if (this.#isWholeNew) this.#draft = this.#newDraft(undefined);
    else if (options.read) this.#readerOf(info!).prefetch();
  }

  /** Whether no other session can see it yet. */
  get isNew(): boolean {
    return this.#info === undefined;
  }

  /** Tells this file that its object has got another key, or other metadata, with this content. */
  moved(key: string, to: string, written: Written): void {
    if (this.#info?.key !== key) return;
    this.#info = { ...this.#info, key: to, ...written };
    if (this.#reader !== undefined) this.#reader.object = this.#info;
  }

  /** Reads into `into` from byte `position`, and returns how many bytes there were. */
  read(into: Uint8Array, position: number): Promise<number> {
    this.#refuseUnless(this.#options.read);
    if (this.#draft === undefined && !this.#options.write) {
      return this.#readerOf(this.#info!).read(into, position);
    }
    return this.#turns.take(() =>
      this.#draft?.read(into, position) ?? this.#readerOf(this.#info!).read(into, position)
    );
  }

  /** Writes all of `data` at byte `position`, or at the end under `append`. */
  write(data: Uint8Array, position: number): Promise<void> {
    this.#refuseUnless(this.#options.write);
    return this.#turns.take(async () => {
      const draft = this.#edit();
      await draft.write(data, this.#options.append ? draft.length : position);
      this.#touch(draft);
    });
  }

  /** The file's attributes, with the changes made through this handle. */
  async stat(): Promise<FileAttrs> {
    this.#refuseUnless(true);
    return await this.#turns.take(() => this.#attrs());
  }

  /** Changes the file's attributes; `size` only if the file is open for writing. */
  setAttrs(attrs: FileAttrs): Promise<void> {
    this.#refuseUnless(true);
    return this.#turns.take(async () => {
      const { size } = attrs;
      if (size !== undefined && this.#options.write) await this.#resize(size);
      await this.#setAttributes(attributesOf(attrs));
      if (size !== undefined && !this.#options.write) throw errorOf("EINVAL");
    });
  }

  /** Makes what was written visible to everyone; if the session breaks off, discards it. */
  close(aborted: boolean): Promise<void> {
    this.#refuseUnless(true);
    this.#isOpen = false;
    if (aborted) this.#breakingOff.abort(sessionEnded());
    return this.#turns.take(async () => {
      const draft = this.#draft;
      try {
        this.#reader?.close();
        if (draft === undefined) return;
        if (aborted || this.isRemoved) await draft.discard();
        else await this.#publish(draft);
      } finally {
        this.#host.closed(this);
      }
    });
  }

  /** What was written is not what the client means it to be: it is not published. */
  spoil(): void {
    this.#isSpoiled = true;
  }

  /**
   * Copies between two files and returns the number of bytes copied, less than asked for only at
   * the source's end.
   */
  static async copy(range: CopyRange<S3File>): Promise<number> {
    const { source, target, sourcePosition: offset, targetPosition } = range;
    source.#refuseUnless(source.#options.read);
    target.#refuseUnless(target.#options.write);
    if (source === target || source.path === target.path) {
      throw new StorageError("failure", "both are the same file");
    }
    if (source.#draft !== undefined || target.#options.append) return await copyBytes(range);
    // The server copies it when the target is closed.
    const info = source.#info!;
    const length = Math.max(0, Math.min(range.length, info.size - offset));
    await target.#turns.take(() => {
      const draft = target.#edit();
      draft.insert(info, { offset, length }, targetPosition);
      target.#touch(draft);
      return Promise.resolve();
    });
    return length;
  }

  #readerOf(object: StoredObject): ObjectReader {
    return this.#reader ??= new ObjectReader(this.#host, object, this.#signal);
  }

  #newDraft(base: StoredObject | undefined): Draft {
    return new Draft(this.#host, {
      key: keyOf(this.#host.prefix, this.path),
      base,
      // What decides about an upload reads it.
      isWriteOnly: !this.#options.read && this.#host.beforePublish === undefined,
      signal: this.#signal,
      describe: () => {
        this.#described = this.#changes;
        return this.#describe();
      },
    });
  }

  /** The draft that this handle writes; begins one if there is none. */
  #edit(): Draft {
    return this.#draft ??= this.#newDraft(this.#info);
  }

  async #resize(size: number): Promise<void> {
    if (!Number.isSafeInteger(size)) throw beyondAnyFile(size);
    const draft = this.#edit();
    await draft.resize(size);
    this.#touch(draft);
  }

  #touch(draft: Draft): void {
    draft.changed = new Date();
    if (this.#changes.mtime === undefined) return;
    // A write overrides the times that were set before it.
    const { mtime: _mtime, ...changes } = this.#changes;
    this.#changes = changes;
  }

  async #setAttributes(changes: Attributes): Promise<void> {
    if (Object.keys(changes).length === 0) return;
    if (this.#draft !== undefined) {
      this.#changes = { ...this.#changes, ...changes };
      return;
    }
    const info = await this.#fresh();
    if (this.isRemoved) return;
    const metadata = metadataOfCopy(info, FileType.REGULAR, changes);
    const written = await copyObject(this.#host, info, info.key, metadata);
    this.#host.moved(info.key, info.key, written);
  }

  async #attrs(): Promise<FileAttrs> {
    const { owner } = this.#host;
    if (this.#draft === undefined) {
      return attrsOf({ kind: "file", info: await this.#fresh() }, owner);
    }
    const { length: size, changed: modified } = this.#draft;
    const { metadata } = this.#describe();
    return attrsOf({ kind: "file", info: { key: "", etag: "", size, modified, metadata } }, owner);
  }

  /** The object as it is now; the last known one if it is another one, or gone. */
  async #fresh(): Promise<ObjectInfo> {
    const { client, ending: signal } = this.#host;
    const known = this.#info!;
    if (this.isRemoved) return known;
    const info = await client.head(known.key, { signal });
    if (info?.etag === known.etag) this.#info = info;
    return this.#info!;
  }

  /** What belongs to the new object besides its content. */
  #describe(): NewObject {
    const info = this.#info;
    const times = { mtime: Math.floor((this.#draft?.changed ?? new Date()).getTime() / 1000) };
    if (info === undefined) {
      const attributes = { ...this.#attributes, ...times, ...this.#changes };
      return { metadata: metadataWith(undefined, FileType.REGULAR, attributes) };
    }
    const metadata = metadataWith(
      metadataOfEdit(info, this.#isWholeNew),
      FileType.REGULAR,
      { ...times, ...this.#changes },
    );
    return this.#isWholeNew ? { metadata } : { metadata, headers: info.headers };
  }

  async #publish(draft: Draft): Promise<void> {
    await this.#requireAccepted(draft);
    if (this.isRemoved) return await draft.discard();
    const key = keyOf(this.#host.prefix, this.path);
    const { etag } = await this.#write(draft, key);
    if (this.#described === this.#changes) return;
    // An upload in parts has got its metadata when it began.
    const info = await this.#host.client.head(key, { signal: this.#signal });
    if (info?.etag !== etag) return;
    const metadata = metadataOfCopy(info, FileType.REGULAR, this.#changes);
    await copyObject(this.#host, info, key, metadata);
  }

  /** Fails if the upload is refused, or is not what the client means; it is discarded then. */
  async #requireAccepted(draft: Draft): Promise<void> {
    const { beforePublish } = this.#host;
    try {
      if (this.#isSpoiled) throw new StorageError("failure", "not stored: a write has failed");
      const upload = {
        path: this.path,
        draft: undefined,
        size: draft.length,
        replaces: this.#info !== undefined,
      };
      const read = (into: Uint8Array, position: number) => draft.read(into, position);
      await beforePublish?.(upload, { read });
    } catch (error) {
      await draft.discard();
      throw error;
    }
  }

  async #write(draft: Draft, key: string): Promise<Written> {
    try {
      return await draft.publish(key, this.#condition());
    } catch (error) {
      if (this.isNew && isPreconditionFailed(error)) throw errorOf("EEXIST");
      throw error;
    }
  }

  /** What must not have happened meanwhile. */
  #condition(): Condition {
    if (this.isNew) return this.#options.exclusive ? { ifNoneMatch: "*" } : {};
    // A new content replaces whatever is there; an edit is one of the content that it began from.
    return this.#isWholeNew ? {} : { ifMatch: this.#info!.etag };
  }

  #refuseUnless(isAllowed: boolean): void {
    if (!this.#isOpen || !isAllowed) throw errorOf("EBADF");
  }
}
