import { createHash } from "node:crypto";
import type * as s3 from "../../../../lib/storage/s3/client/s3_client.ts";
import { errorOfAnswer, S3Error } from "../../../../lib/storage/s3/client/s3_errors.ts";
import { compareKeys } from "../../../../lib/storage/s3/tree/keys.ts";

interface Stored extends s3.ObjectInfo {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Unfinished extends s3.Upload {
  readonly object: s3.NewObject;
  readonly parts: Map<number, Uint8Array<ArrayBuffer>>;
}

const MIN_PART_BYTES = 5 * 1024 * 1024;

/**
 * A bucket in memory, as strict as S3, for what takes too long or cannot be provoked with a server:
 * many random operations, and failures at a chosen request.
 */
export class MemoryS3 implements s3.S3Client {
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Unfinished>();
  /** Called before each request with its name and key; what it throws is the request's failure. */
  onRequest: (name: string, key: string) => void | Promise<void> = () => {};
  #count = 0;

  async head(key: string): Promise<s3.ObjectInfo | undefined> {
    await this.onRequest("head", key);
    return this.objects.get(key);
  }

  async get(key: string, options: s3.GetOptions): Promise<Uint8Array<ArrayBuffer>> {
    await this.onRequest("get", key);
    options.signal?.throwIfAborted();
    return this.#source({ key, ...options }).bytes.slice(options.start, options.end);
  }

  async put(
    key: string,
    body: Uint8Array<ArrayBuffer>,
    options: s3.NewObject & s3.Condition = {},
  ): Promise<s3.Written> {
    await this.onRequest("put", key);
    options.signal?.throwIfAborted();
    this.#refuse(key, options);
    return this.#store(key, body.slice(), options, md5(body));
  }

  async list(prefix: string, options: s3.ListOptions = {}): Promise<s3.Listing> {
    await this.onRequest("list", prefix);
    const { delimiter, token, after = token ?? "", limit = 1000 } = options;
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    const entries: s3.ObjectInfo[] = [];
    const prefixes: string[] = [];
    for (const key of keys) {
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
      const shown = end === -1 ? key : key.slice(0, end + 1);
      if (prefixes.at(-1) === shown || compareKeys(shown, after) <= 0) continue;
      if (entries.length + prefixes.length === limit) {
        const next = [entries.at(-1)?.key ?? "", prefixes.at(-1) ?? ""].sort(compareKeys).at(-1);
        return { entries, prefixes, next };
      }
      if (end !== -1) prefixes.push(shown);
      else {
        const { bytes: _, metadata: __, headers: ___, ...info } = this.objects.get(key)!;
        entries.push(info);
      }
    }
    return { entries, prefixes };
  }

  async remove(key: string, options: { readonly ifMatch?: string | undefined } = {}) {
    await this.onRequest("remove", key);
    if (!this.objects.has(key)) return;
    this.#refuse(key, options);
    this.objects.delete(key);
  }

  async removeMany(keys: readonly string[]): Promise<readonly s3.NotRemoved[]> {
    const failed: s3.NotRemoved[] = [];
    for (const key of keys) {
      try {
        await this.remove(key);
      } catch (error) {
        failed.push({ key, error: error as Error });
      }
    }
    return failed;
  }

  async copy(source: s3.CopySource, key: string, options: s3.NewObject = {}): Promise<s3.Written> {
    await this.onRequest("copy", key);
    const found = this.#source(source);
    const { metadata = found.metadata, headers = found.headers } = options;
    return this.#store(key, found.bytes, { metadata, headers }, md5(found.bytes));
  }

  async createUpload(key: string, object: s3.NewObject = {}): Promise<string> {
    await this.onRequest("createUpload", key);
    const id = String(++this.#count);
    this.uploads.set(id, { key, id, started: new Date(), object, parts: new Map() });
    return id;
  }

  async putPart(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    number: number,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<s3.Part> {
    await this.onRequest("putPart", key);
    this.#upload(id).parts.set(number, body.slice());
    return { number, etag: md5(body) };
  }

  async copyPart(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    number: number,
    source: s3.CopySource & { readonly start: number; readonly end: number },
  ): Promise<s3.Part> {
    await this.onRequest("copyPart", key);
    const { bytes } = this.#source(source);
    if (source.end > bytes.length) throw errorOfAnswer(400, "InvalidArgument");
    const part = bytes.slice(source.start, source.end);
    this.#upload(id).parts.set(number, part);
    return { number, etag: md5(part) };
  }

  async completeUpload(
    { key, id }: Pick<s3.Upload, "key" | "id">,
    parts: readonly s3.Part[],
    options: s3.Condition = {},
  ): Promise<s3.Written> {
    await this.onRequest("completeUpload", key);
    const upload = this.#upload(id);
    this.#refuse(key, options);
    const bytes = parts.map(({ number, etag }, index) => {
      const part = upload.parts.get(number);
      if (part === undefined || md5(part) !== etag) throw errorOfAnswer(400, "InvalidPart");
      if (index > 0 && parts[index - 1]!.number >= number) {
        throw errorOfAnswer(400, "InvalidPartOrder");
      }
      if (index < parts.length - 1 && part.length < MIN_PART_BYTES) {
        throw errorOfAnswer(400, "EntityTooSmall");
      }
      return part;
    });
    if (bytes.length === 0) throw errorOfAnswer(400, "MalformedXML");
    this.uploads.delete(id);
    const whole = new Uint8Array(await new Blob(bytes).arrayBuffer());
    return this.#store(key, whole, upload.object, `"${md5(whole).slice(1, -1)}-${parts.length}"`);
  }

  async abortUpload({ key, id }: Pick<s3.Upload, "key" | "id">): Promise<void> {
    await this.onRequest("abortUpload", key);
    this.uploads.delete(id);
  }

  async listUploads(prefix: string): Promise<s3.Uploads> {
    await this.onRequest("listUploads", prefix);
    return { uploads: [...this.uploads.values()].filter(({ key }) => key.startsWith(prefix)) };
  }

  async listParts({ key, id }: Pick<s3.Upload, "key" | "id">): Promise<s3.Parts> {
    await this.onRequest("listParts", key);
    const parts = [...this.#upload(id).parts].map(([number, part]) => ({
      ...{ number, etag: md5(part), size: part.length },
    }));
    return { parts };
  }

  close(): void {}

  /** Puts an object there, as another program would. */
  seed(key: string, content: string | Uint8Array<ArrayBuffer> = "", options: s3.NewObject = {}) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.#store(key, bytes, options, md5(bytes));
  }

  #store(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    { metadata = new Map(), headers = {} }: s3.NewObject,
    etag: string,
  ): s3.Written {
    const modified = new Date();
    this.objects.set(key, { key, size: bytes.length, etag, modified, metadata, headers, bytes });
    return { etag };
  }

  #source({ key, ifMatch }: Pick<s3.CopySource, "key" | "ifMatch">): Stored {
    const found = this.objects.get(key);
    if (found === undefined) throw errorOfAnswer(404, "NoSuchKey");
    if (ifMatch !== undefined && found.etag !== ifMatch) {
      throw errorOfAnswer(412, "PreconditionFailed");
    }
    return found;
  }

  #upload(id: string): Unfinished {
    const upload = this.uploads.get(id);
    if (upload === undefined) throw errorOfAnswer(404, "NoSuchUpload");
    return upload;
  }

  #refuse(key: string, { ifMatch, ifNoneMatch }: s3.Condition): void {
    const found = this.objects.get(key);
    if (ifNoneMatch === "*" && found !== undefined) throw errorOfAnswer(412, "PreconditionFailed");
    if (ifMatch === undefined || found?.etag === ifMatch) return;
    throw found === undefined
      ? errorOfAnswer(404, "NoSuchKey")
      : errorOfAnswer(412, "PreconditionFailed");
  }
}

/** A failure of the server that did not carry a request out. */
export function serverFailure(): S3Error {
  return errorOfAnswer(500, "InternalError");
}

function md5(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}
