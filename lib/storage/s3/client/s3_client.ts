/**
 * The requests of S3 that the storage makes, one method each. What is behind them (HTTP, XML,
 * signatures, retries) is known to this room alone.
 *
 * Every method fails with an `S3Error`, which is a `StorageError` that also knows S3's own code.
 * Requests are repeated where that can help, so a failure is final.
 *
 * @module
 */

/** What every request takes. */
export interface RequestOptions {
  /** Ends the request early, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What an object must be for a write to happen; otherwise it fails (`isPreconditionFailed`). */
export interface Condition {
  /** Only if no object has this key. */
  readonly ifNoneMatch?: "*" | undefined;
  /** Only if the object with this key still has this ETag. */
  readonly ifMatch?: string | undefined;
}

/**
 * The headers that S3 keeps with an object besides metadata. To replace the metadata of an object
 * without losing them, they must be sent again.
 */
export interface ObjectHeaders {
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly contentType?: string | undefined;
  readonly expires?: string | undefined;
  readonly websiteRedirectLocation?: string | undefined;
}

/** User metadata: names in lower case, without `x-amz-meta-`. */
export type Metadata = ReadonlyMap<string, string>;

/** An object without its content. */
export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** With its quotes, as every request takes it. */
  readonly etag: string;
  readonly modified: Date;
  /** Absent in listings. */
  readonly metadata?: Metadata | undefined;
  /** Absent in listings. */
  readonly headers?: ObjectHeaders | undefined;
  readonly storageClass?: string | undefined;
  /** Only in a bucket with versions, and absent in listings. */
  readonly versionId?: string | undefined;
}

/** What a write made. */
export interface Written {
  /** With its quotes. */
  readonly etag: string;
  /** Only in a bucket with versions. */
  readonly versionId?: string | undefined;
}

/** A range of an object's content. */
export interface GetOptions extends RequestOptions {
  /** The first byte. */
  readonly start: number;
  /** The first byte that is not wanted. */
  readonly end: number;
  /** Fails if the object has another ETag by now. */
  readonly ifMatch?: string | undefined;
  /** This version instead of the latest one. */
  readonly versionId?: string | undefined;
}

/** What belongs to a new object besides its content. */
export interface NewObject extends RequestOptions {
  readonly metadata?: Metadata | undefined;
  readonly headers?: ObjectHeaders | undefined;
  /** Instead of the one that the client was made with. */
  readonly storageClass?: string | undefined;
}

/** What a copy is made of. */
export interface CopySource {
  readonly key: string;
  /** Fails if the source has another ETag by now. */
  readonly ifMatch?: string | undefined;
  /** This version instead of the latest one. */
  readonly versionId?: string | undefined;
}

/** Which page of a listing. */
export interface ListOptions extends RequestOptions {
  /** Keys that have this after the prefix count as one entry of `prefixes`. */
  readonly delimiter?: string | undefined;
  /** Only keys after this one, in the order of their UTF-8 bytes. */
  readonly after?: string | undefined;
  /** `next` of the page before. */
  readonly token?: string | undefined;
  /** The most keys and prefixes together, at most 1,000. */
  readonly limit?: number | undefined;
}

/** A page of a listing. */
export interface Listing {
  readonly entries: readonly ObjectInfo[];
  /** Common prefixes, with the delimiter at their ends. */
  readonly prefixes: readonly string[];
  /** The token of the next page, if there is one. */
  readonly next?: string | undefined;
}

/** A key that was not removed, and why. */
export interface NotRemoved {
  readonly key: string;
  readonly error: Error;
}

/** A part of an upload, which must be named when the upload is completed. */
export interface Part {
  /** 1 to 10,000. */
  readonly number: number;
  /** With its quotes. */
  readonly etag: string;
}

/** A part as the server lists it. */
export interface StoredPart extends Part {
  readonly size: number;
}

/** An upload that is neither completed nor aborted. */
export interface Upload {
  readonly key: string;
  readonly id: string;
  readonly started: Date;
}

/** A page of uploads. */
export interface Uploads {
  readonly uploads: readonly Upload[];
  /** Where the next page begins, if there is one. */
  readonly next?: { readonly key: string; readonly id: string } | undefined;
}

/** A page of parts. */
export interface Parts {
  readonly parts: readonly StoredPart[];
  /** The number after which the next page begins, if there is one. */
  readonly next?: number | undefined;
}

/** The bucket of a session. */
export interface S3Client {
  /** An object without its content; undefined if no object has this key. */
  head(key: string, options?: RequestOptions): Promise<ObjectInfo | undefined>;

  /** A range of an object's content: less than asked for only at its end, empty beyond it. */
  get(key: string, options: GetOptions): Promise<Uint8Array<ArrayBuffer>>;

  /** Writes an object whole. The bytes are lent until this settles. */
  put(
    key: string,
    body: Uint8Array<ArrayBuffer>,
    options?: NewObject & Condition,
  ): Promise<Written>;

  /** Keys that begin with `prefix`, in the order of their UTF-8 bytes. */
  list(prefix: string, options?: ListOptions): Promise<Listing>;

  /** Removes an object; one that does not exist is no failure. */
  remove(
    key: string,
    options?: RequestOptions & { readonly ifMatch?: string | undefined },
  ): Promise<void>;

  /** Removes any number of objects, and returns those that could not be removed. */
  removeMany(keys: readonly string[], options?: RequestOptions): Promise<readonly NotRemoved[]>;

  /**
   * Copies an object of at most 5 GiB inside the bucket, with the metadata and headers of the source
   * unless they are given.
   */
  copy(source: CopySource, key: string, options?: NewObject): Promise<Written>;

  /** Begins an upload in parts, and returns its id. */
  createUpload(key: string, options?: NewObject): Promise<string>;

  /** Sends a part of at most 5 GiB; all but the last have at least 5 MiB. */
  putPart(
    upload: Pick<Upload, "key" | "id">,
    number: number,
    body: Uint8Array<ArrayBuffer>,
    options?: RequestOptions,
  ): Promise<Part>;

  /** Makes a part from a range of an object, from `start` up to but not including `end`. */
  copyPart(
    upload: Pick<Upload, "key" | "id">,
    number: number,
    source: CopySource & { readonly start: number; readonly end: number },
    options?: RequestOptions,
  ): Promise<Part>;

  /** Makes the object of its parts, in the order of their numbers. */
  completeUpload(
    upload: Pick<Upload, "key" | "id">,
    parts: readonly Part[],
    options?: RequestOptions & Condition,
  ): Promise<Written>;

  /** Drops an upload with its parts; one that does not exist is no failure. */
  abortUpload(upload: Pick<Upload, "key" | "id">, options?: RequestOptions): Promise<void>;

  /** Uploads to keys that begin with `prefix`, from the end of the page before. */
  listUploads(
    prefix: string,
    options?: RequestOptions & { readonly after?: Uploads["next"] },
  ): Promise<Uploads>;

  /** The parts of an upload after a number. */
  listParts(
    upload: Pick<Upload, "key" | "id">,
    options?: RequestOptions & { readonly after?: number | undefined },
  ): Promise<Parts>;

  /** Ends the use of this client. */
  close(): void;
}
