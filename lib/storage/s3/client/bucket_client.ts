import { StorageError } from "../../errors.ts";
import { checkKey, copySourceOf } from "./address.ts";
import * as answers from "./answers.ts";
import { newObjectHeaders, type UploadSettings } from "./object_headers.ts";
import { isKeyForXml, readNotRemoved, removalDocument } from "./removals.ts";
import type * as s3 from "./s3_client.ts";
import { isNoSuchUpload, isNotImplemented, isPreconditionFailed, S3Error } from "./s3_errors.ts";
import { type Call, Sender, type SenderOptions } from "./sender.ts";

/** How a bucket is used. */
export interface BucketOptions extends SenderOptions {
  /** What every new object gets. */
  readonly uploads?: UploadSettings | undefined;
}

/** The most keys of one request to remove them. */
const MAX_REMOVALS = 1000;

/** Removals in flight where the server takes one key at a time. */
const REMOVALS_AT_ONCE = 16;

/** A bucket by HTTP. */
export class BucketClient implements s3.S3Client {
  readonly #sender: Sender;
  readonly #uploads: UploadSettings;
  /** Whether content has to come with its MD5: a bucket with object lock wants it. */
  #sendsDigests = false;
  /** Whether the server removes many keys at once. */
  #removesMany = true;

  constructor({ uploads = {}, ...options }: BucketOptions) {
    this.#sender = new Sender(options);
    this.#uploads = uploads;
  }

  async head(key: string, options: s3.RequestOptions = {}): Promise<s3.ObjectInfo | undefined> {
    try {
      const call = { name: "HeadObject", method: "HEAD", key, ...signalOf(options) } as const;
      return await this.#send(call, (answer) => answers.readObject(key, answer));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async get(key: string, options: s3.GetOptions): Promise<Uint8Array<ArrayBuffer>> {
    const { start, end, ifMatch, versionId } = options;
    if (end <= start) return new Uint8Array(0);
    try {
      return await this.#send({
        ...{ name: "GetObject", method: "GET", key, query: { versionId } },
        headers: { range: `bytes=${start}-${end - 1}`, "if-match": ifMatch },
        mostBytes: end - start,
        ...signalOf(options),
      }, (answer) => answers.readRange(answer, { start, end }));
    } catch (error) {
      if (error instanceof S3Error && error.httpStatus === 416) return new Uint8Array(0);
      throw error;
    }
  }

  async put(
    key: string,
    body: Uint8Array<ArrayBuffer>,
    options: s3.NewObject & s3.Condition = {},
  ): Promise<s3.Written> {
    const headers = { ...newObjectHeaders(this.#uploads, options), ...conditionOf(options) };
    try {
      return await this.#sendContent({
        ...{ name: "PutObject", method: "PUT", key, headers, body, ...signalOf(options) },
      });
    } catch (error) {
      return await this.#settle(error, key, () => md5Of(body, "hex"), options);
    }
  }

  async list(prefix: string, options: s3.ListOptions = {}): Promise<s3.Listing> {
    if (!prefix.isWellFormed()) throw new StorageError("invalid", "name is not UTF-8");
    const { delimiter, after, token, limit } = options;
    return await this.#send({
      ...{ name: "ListObjectsV2", method: "GET", ...signalOf(options) },
      query: {
        ...{ "list-type": 2, prefix, delimiter, "encoding-type": "url", "max-keys": limit },
        ...{ "start-after": after, "continuation-token": token },
      },
    }, answers.readListing);
  }

  async remove(
    key: string,
    options: s3.RequestOptions & { readonly ifMatch?: string | undefined } = {},
  ): Promise<void> {
    const headers = { "if-match": options.ifMatch };
    try {
      await this.#send({
        ...{ name: "DeleteObject", method: "DELETE", key, headers, ...signalOf(options) },
      }, answers.readNothing);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }

  async removeMany(
    keys: readonly string[],
    options: s3.RequestOptions = {},
  ): Promise<readonly s3.NotRemoved[]> {
    const failed: s3.NotRemoved[] = [];
    const singly = keys.filter((key) => !isKeyForXml(key));
    const together = keys.filter(isKeyForXml);
    for (let at = 0; at < together.length; at += MAX_REMOVALS) {
      const some = together.slice(at, at + MAX_REMOVALS);
      const result = await this.#removeTogether(some, options);
      if (result === undefined) singly.push(...some);
      else failed.push(...result);
    }
    for (let at = 0; at < singly.length; at += REMOVALS_AT_ONCE) {
      await Promise.all(
        singly.slice(at, at + REMOVALS_AT_ONCE).map(async (key) => {
          try {
            await this.remove(key, options);
          } catch (error) {
            if (!(error instanceof StorageError)) throw error;
            failed.push({ key, error });
          }
        }),
      );
    }
    return failed;
  }

  /** Returns undefined if the server cannot do this. */
  async #removeTogether(
    keys: readonly string[],
    options: s3.RequestOptions,
  ): Promise<readonly s3.NotRemoved[] | undefined> {
    if (!this.#removesMany) return undefined;
    const body = removalDocument(keys);
    try {
      return await this.#send({
        ...{ name: "DeleteObjects", method: "POST", query: { delete: "" }, body },
        headers: { "content-md5": await md5Of(body, "base64"), "content-type": "application/xml" },
        ...signalOf(options),
      }, readNotRemoved);
    } catch (error) {
      if (!isNotImplemented(error)) throw error;
      this.#removesMany = false;
      return undefined;
    }
  }

  async copy(source: s3.CopySource, key: string, options: s3.NewObject = {}): Promise<s3.Written> {
    const replaces = options.metadata !== undefined || options.headers !== undefined;
    return await this.#send({
      ...{ name: "CopyObject", method: "PUT", key, isLong: true, ...signalOf(options) },
      headers: {
        ...newObjectHeaders(this.#uploads, options),
        ...this.#copyHeaders(source),
        "x-amz-metadata-directive": replaces ? "REPLACE" : undefined,
      },
    }, (answer) => answers.readResult(answer, "CopyObjectResult"));
  }

  async createUpload(key: string, options: s3.NewObject = {}): Promise<string> {
    return await this.#send({
      ...{ name: "CreateMultipartUpload", method: "POST", key, query: { uploads: "" } },
      headers: newObjectHeaders(this.#uploads, options),
      ...signalOf(options),
    }, answers.readUploadId);
  }

  async putPart(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    number: number,
    body: Uint8Array<ArrayBuffer>,
    options: s3.RequestOptions = {},
  ): Promise<s3.Part> {
    const { etag } = await this.#sendContent({
      ...{ name: "UploadPart", method: "PUT", key, body, ...signalOf(options) },
      query: { partNumber: number, uploadId: id },
    });
    return { number, etag };
  }

  async copyPart(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    number: number,
    source: s3.CopySource & { readonly start: number; readonly end: number },
    options: s3.RequestOptions = {},
  ): Promise<s3.Part> {
    const { etag } = await this.#send({
      ...{ name: "UploadPartCopy", method: "PUT", key, isLong: true, ...signalOf(options) },
      query: { partNumber: number, uploadId: id },
      headers: {
        ...this.#copyHeaders(source),
        "x-amz-copy-source-range": `bytes=${source.start}-${source.end - 1}`,
      },
    }, (answer) => answers.readResult(answer, "CopyPartResult"));
    return { number, etag };
  }

  async completeUpload(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    parts: readonly s3.Part[],
    options: s3.RequestOptions & s3.Condition = {},
  ): Promise<s3.Written> {
    const body = new TextEncoder().encode(answers.completion(parts));
    try {
      return await this.#send({
        ...{ name: "CompleteMultipartUpload", method: "POST", key, query: { uploadId: id } },
        ...{ body, headers: { "content-type": "application/xml", ...conditionOf(options) } },
        ...{ isLong: true, ...signalOf(options) },
      }, (answer) => answers.readResult(answer, "CompleteMultipartUploadResult"));
    } catch (error) {
      return await this.#settle(error, key, () => digestOfParts(parts), options);
    }
  }

  async abortUpload(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    options: s3.RequestOptions = {},
  ): Promise<void> {
    try {
      await this.#send({
        ...{ name: "AbortMultipartUpload", method: "DELETE", key, query: { uploadId: id } },
        ...signalOf(options),
      }, answers.readNothing);
    } catch (error) {
      if (!isNoSuchUpload(error) && !isAbsent(error)) throw error;
    }
  }

  async listUploads(
    prefix: string,
    options: s3.RequestOptions & { readonly after?: s3.Uploads["next"] } = {},
  ): Promise<s3.Uploads> {
    const { after } = options;
    return await this.#send({
      ...{ name: "ListMultipartUploads", method: "GET", ...signalOf(options) },
      query: {
        ...{ uploads: "", prefix, "encoding-type": "url" },
        ...{ "key-marker": after?.key, "upload-id-marker": after?.id },
      },
    }, answers.readUploads);
  }

  async listParts(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    options: s3.RequestOptions & { readonly after?: number | undefined } = {},
  ): Promise<s3.Parts> {
    return await this.#send({
      ...{ name: "ListParts", method: "GET", key, ...signalOf(options) },
      query: { uploadId: id, "part-number-marker": options.after },
    }, answers.readParts);
  }

  close(): void {
    this.#sender.close();
  }

  async #send<T>(call: Call, read: (answer: answers.Answer) => T): Promise<T> {
    if (call.key !== undefined) checkKey(call.key);
    return await this.#sender.send(call, read);
  }

  /** Sends content, with its MD5 if the bucket turns out to want that. */
  async #sendContent(
    call: Call & { readonly body: Uint8Array<ArrayBuffer> },
  ): Promise<s3.Written> {
    const withDigest = async () => ({
      ...call,
      headers: { ...call.headers, "content-md5": await md5Of(call.body, "base64") },
    });
    try {
      return await this.#send(this.#sendsDigests ? await withDigest() : call, answers.readWritten);
    } catch (error) {
      const isMissed = error instanceof S3Error &&
        /^(?:InvalidRequest|InvalidDigest)$/.test(error.s3Code);
      if (!isMissed || this.#sendsDigests) throw error;
      const written = await this.#send(await withDigest(), answers.readWritten);
      this.#sendsDigests = true;
      return written;
    }
  }

  #copyHeaders({ key, versionId, ifMatch }: s3.CopySource): Call["headers"] {
    checkKey(key);
    return {
      "x-amz-copy-source": copySourceOf(this.#sender.place, key, versionId),
      "x-amz-copy-source-if-match": ifMatch,
    };
  }

  /**
   * Decides what a write did whose first attempt was perhaps carried out without an answer, while
   * the next one found its own work in the way: if the object is what would have been written, it
   * was.
   */
  async #settle(
    error: unknown,
    key: string,
    digest: () => Promise<string | undefined>,
    { signal }: s3.RequestOptions,
  ): Promise<s3.Written> {
    const isObstacle = isPreconditionFailed(error) || isNoSuchUpload(error);
    if (!(error instanceof S3Error) || !error.isInDoubt || !isObstacle) throw error;
    const found = await this.head(key, { signal });
    if (found === undefined || found.etag !== `"${await digest()}"`) throw error;
    return { etag: found.etag, versionId: found.versionId };
  }
}

function signalOf({ signal }: s3.RequestOptions): Pick<Call, "signal"> {
  return { signal };
}

function conditionOf({ ifMatch, ifNoneMatch }: s3.Condition): Record<string, string | undefined> {
  return { "if-match": ifMatch, "if-none-match": ifNoneMatch };
}

function isAbsent(error: unknown): boolean {
  return error instanceof S3Error && error.s3Code === "NoSuchKey";
}

/** MD5s are rare, and their module takes longer to load than all the others here. */
async function md5Of(bytes: Uint8Array, encoding: "base64" | "hex"): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("md5").update(bytes).digest(encoding);
}

/** The ETag of an object made of parts, where the parts' own are their MD5s. */
async function digestOfParts(parts: readonly s3.Part[]): Promise<string | undefined> {
  const digests = parts.map(({ etag }) => /^"([\da-f]{32})"$/.exec(etag)?.[1]);
  if (digests.includes(undefined)) return undefined;
  return `${await md5Of(Uint8Array.fromHex(digests.join("")), "hex")}-${parts.length}`;
}
