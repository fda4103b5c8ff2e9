/**
 * What servers answer, read: errors, headers of an object, listings.
 *
 * @module
 */

import { decodeName } from "../../../names.ts";
import { decodeValue } from "./metadata.ts";
import type {
  Listing,
  ObjectHeaders,
  ObjectInfo,
  Part,
  Parts,
  Uploads,
  Written,
} from "./s3_client.ts";
import { S3Error } from "./s3_errors.ts";
import { childrenOf, childText, encodeEntities, parseXml, type XmlElement } from "./xml.ts";

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What an answer says of a failure. */
export interface ErrorAnswer {
  /** Empty if it is none of S3's. */
  readonly s3Code: string;
  readonly message: string;
  readonly requestId: string;
  /** The region to use instead. */
  readonly region: string | undefined;
}

/** A server's message may be long. */
const MAX_MESSAGE_CHARACTERS = 300;

/** The headers of {@linkcode ObjectHeaders}. */
export const HEADER_NAMES: Readonly<Record<keyof ObjectHeaders, string>> = {
  cacheControl: "cache-control",
  contentDisposition: "content-disposition",
  contentEncoding: "content-encoding",
  contentLanguage: "content-language",
  contentType: "content-type",
  expires: "expires",
  websiteRedirectLocation: "x-amz-website-redirect-location",
};

const METADATA_PREFIX = "x-amz-meta-";

/** The failure in an answer's body and headers. */
export function readError({ headers, body }: Answer): ErrorAnswer {
  const root = readXml(body);
  const error = root?.name === "Error" ? root : root?.children.find(({ name }) => name === "Error");
  const text = (name: string) => error === undefined ? undefined : childText(error, name);
  return {
    s3Code: text("Code")?.trim() ?? "",
    message: (text("Message") ?? "").slice(0, MAX_MESSAGE_CHARACTERS),
    requestId: text("RequestId") ?? headers.get("x-amz-request-id") ?? "",
    region: headers.get("x-amz-bucket-region") ?? text("Region"),
  };
}

/** Whether an answer of status 200 is a failure after all: a copy may fail when it has begun. */
export function isErrorInside({ headers, body }: Answer): boolean {
  return isXml(headers) && readXml(body)?.name === "Error";
}

function isXml(headers: Headers): boolean {
  return headers.get("content-type")?.includes("xml") ?? true;
}

/** The outermost element of an answer, whose name has to begin with this. */
export function readDocument(answer: Answer, name: string): XmlElement {
  const root = readXml(answer.body);
  if (root?.name.startsWith(name)) return root;
  throw notS3(answer);
}

/** The error of an answer that is none of S3's: another server is there, or a portal. */
export function notS3({ status, headers }: Pick<Answer, "status" | "headers">): S3Error {
  const type = headers.get("content-type")?.split(";")[0] ?? "";
  const what = type === "" ? "" : ` (it sends ${type})`;
  const reason = `the endpoint does not answer as S3 does${what}`;
  return new S3Error("failure", reason, { httpStatus: status });
}

function readXml(body: Uint8Array): XmlElement | undefined {
  return body.length === 0 ? undefined : parseXml(new TextDecoder().decode(body));
}

/** An object by the headers of HEAD. */
export function readObject(key: string, answer: Answer): ObjectInfo {
  const { headers } = answer;
  const length = headers.get("content-length");
  const etag = headers.get("etag");
  const modified = headers.get("last-modified");
  if (etag === null || modified === null) throw notS3(answer);
  if (length === null) throw hiddenEncoding();
  const metadata = new Map<string, string>();
  for (const [name, value] of headers) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    metadata.set(name.slice(METADATA_PREFIX.length), decodeValue(value));
  }
  const known = Object.entries(HEADER_NAMES)
    .map(([property, name]) => [property, headers.get(name) ?? undefined])
    .filter(([, value]) => value !== undefined);
  return {
    key,
    size: Number(length),
    etag,
    modified: new Date(modified),
    metadata,
    headers: Object.fromEntries(known),
    storageClass: headers.get("x-amz-storage-class") ?? undefined,
    versionId: versionOf(headers),
  };
}

/**
 * The error of an answer without a length. Deno up to 2.6 hides the length and the encoding of what
 * is compressed, and decompresses it: no range of the object can be read then.
 */
export function hiddenEncoding(): S3Error {
  return new S3Error("unsupported", "a file with a Content-Encoding needs a newer Deno");
}

/** What a PUT made, by its headers. */
export function readWritten(answer: Answer): Written {
  const etag = answer.headers.get("etag");
  if (etag === null) throw notS3(answer);
  return { etag: quoted(etag), versionId: versionOf(answer.headers) };
}

/** The content of an answer to a request for a range. */
export function readRange(
  answer: Answer,
  { start, end }: { readonly start: number; readonly end: number },
): Uint8Array<ArrayBuffer> {
  const { status, headers, body } = answer;
  // A server that ignores ranges sends the whole object: it is what was asked for if it begins there.
  const range = status === 206
    ? /^bytes (\d+)-(\d+)\//.exec(headers.get("content-range") ?? "")
    : null;
  const [first, length] = range === null
    ? [0, body.length]
    : [Number(range[1]), Number(range[2]) - Number(range[1]) + 1];
  const isWanted = first === start && length === body.length && length <= end - start;
  if (!isWanted || !headers.has("etag")) throw notS3(answer);
  return body;
}

/** Refuses an answer that has something to read where S3 sends nothing. */
export function readNothing(answer: Answer): void {
  if (/html/.test(answer.headers.get("content-type") ?? "") && answer.body.length > 0) {
    throw notS3(answer);
  }
}

/** The id of an upload that has begun. */
export function readUploadId(answer: Answer): string {
  const id = childText(readDocument(answer, "InitiateMultipartUploadResult"), "UploadId");
  if (id === undefined || id === "") throw notS3(answer);
  return id;
}

/** The document that names the parts of an object. */
export function completion(parts: readonly Part[]): string {
  const named = parts.map(({ number, etag }) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${encodeEntities(etag)}</ETag></Part>`
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${
    named.join("")
  }</CompleteMultipartUpload>`;
}

/** What a copy or an upload made, by the document in the answer. */
export function readResult(answer: Answer, name: string): Written {
  const etag = childText(readDocument(answer, name), "ETag");
  if (etag === undefined) throw notS3(answer);
  return { etag: quoted(etag), versionId: versionOf(answer.headers) };
}

function versionOf(headers: Headers): string | undefined {
  return headers.get("x-amz-version-id") ?? undefined;
}

/** A page of keys. */
export function readListing(answer: Answer): Listing {
  const root = readDocument(answer, "ListBucketResult");
  const name = nameReader(root);
  return {
    entries: childrenOf(root, "Contents").map((entry) => ({
      key: name(childText(entry, "Key")),
      size: Number(childText(entry, "Size") ?? 0),
      etag: quoted(childText(entry, "ETag") ?? ""),
      modified: new Date(childText(entry, "LastModified") ?? 0),
      storageClass: childText(entry, "StorageClass"),
    })),
    prefixes: childrenOf(root, "CommonPrefixes").map((entry) => name(childText(entry, "Prefix"))),
    next: nextOf(root, childText(root, "NextContinuationToken")),
  };
}

/** A page of uploads. */
export function readUploads(answer: Answer): Uploads {
  const root = readDocument(answer, "ListMultipartUploadsResult");
  const name = nameReader(root);
  const key = nextOf(root, childText(root, "NextKeyMarker"));
  return {
    uploads: childrenOf(root, "Upload").map((upload) => ({
      key: name(childText(upload, "Key")),
      id: childText(upload, "UploadId") ?? "",
      started: new Date(childText(upload, "Initiated") ?? 0),
    })),
    next: key === undefined
      ? undefined
      : { key: name(key), id: childText(root, "NextUploadIdMarker") ?? "" },
  };
}

/** A page of parts. */
export function readParts(answer: Answer): Parts {
  const root = readDocument(answer, "ListParts");
  const next = nextOf(root, childText(root, "NextPartNumberMarker"));
  return {
    parts: childrenOf(root, "Part").map((part) => ({
      number: Number(childText(part, "PartNumber")),
      etag: quoted(childText(part, "ETag") ?? ""),
      size: Number(childText(part, "Size") ?? 0),
    })),
    next: next === undefined ? undefined : Number(next),
  };
}

/** Where the next page begins; a listing that ends too early must not pass for a whole one. */
function nextOf(root: XmlElement, marker: string | undefined): string | undefined {
  if (childText(root, "IsTruncated") !== "true") return undefined;
  if (marker !== undefined && marker !== "") return marker;
  throw new S3Error("failure", "the server cuts listings short");
}

/** Reads keys as the answer has them: by URL where it says so, because XML cannot hold every key. */
function nameReader(root: XmlElement): (text: string | undefined) => string {
  const isEncoded = childText(root, "EncodingType") === "url";
  return (text = "") => isEncoded ? decodePercent(text) : text;
}

/** A key that is not UTF-8 becomes a name that is shown and refused, as everywhere. */
function decodePercent(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll("+", " ");
  const bytes = new TextEncoder().encode(spaced);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const hexadecimal = bytes[at] === 0x25
      ? String.fromCharCode(...bytes.subarray(at + 1, at + 3))
      : "";
    const isEscape = /^[\da-fA-F]{2}$/.test(hexadecimal);
    bytes[length++] = isEscape ? parseInt(hexadecimal, 16) : bytes[at] ?? 0;
    if (isEscape) at += 2;
  }
  return decodeName(bytes, 0, length);
}

/** Some servers leave the quotes out; requests need them. */
function quoted(etag: string): string {
  return etag === "" || etag.endsWith('"') ? etag : `"${etag}"`;
}
