import { StorageError } from "../../errors.ts";
import { S3Error } from "./s3_errors.ts";

/** Where the bucket is. */
export interface Place {
  readonly bucket: string;
  readonly region: string;
  /** The server, if it is not AWS. */
  readonly endpoint?: URL | undefined;
  /**
   * Whether the bucket's name is in the path instead of the host. By default it is, except at AWS,
   * where only a name with a dot is: it does not fit AWS's certificate.
   */
  readonly pathStyle?: boolean | undefined;
}

/** The longest key of S3. */
const MAX_KEY_BYTES = 1024;

/** A parameter without a value, such as `uploads`, has an empty one. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/**
 * The URL of a key, or of the bucket itself with an empty key.
 *
 * @param key Checked by {@linkcode checkKey}.
 */
export function urlOf(place: Place, key: string, query: Query = {}): string {
  const { protocol, host, pathname } = place.endpoint ?? new URL(awsEndpoint(place.region));
  const inPath = isPathStyle(place);
  const base = pathname.replace(/\/$/, "") + (inPath ? `/${place.bucket}` : "");
  const search = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encode(String(value))}`)
    .join("&");
  return `${protocol}//${inPath ? "" : `${place.bucket}.`}${host}${base}/${encodePath(key)}` +
    (search === "" ? "" : `?${search}`);
}

/** A key as the header `x-amz-copy-source` takes it. */
export function copySourceOf(place: Place, key: string, versionId: string | undefined): string {
  const version = versionId === undefined ? "" : `?versionId=${encode(versionId)}`;
  return `/${place.bucket}/${encodePath(key)}${version}`;
}

/**
 * Refuses a key that S3 does not have or that no URL can name: a request for it would reach another
 * object, or the bucket itself.
 *
 * @throws {StorageError} If that is so.
 */
export function checkKey(key: string): void {
  if (key === "" || key.includes("\0")) throw new StorageError("invalid", "invalid name");
  if (!key.isWellFormed()) throw new StorageError("invalid", "the name is not UTF-8");
  if (new TextEncoder().encode(key).length > MAX_KEY_BYTES) {
    throw new StorageError("invalid", "name too long");
  }
  if (/(?:^|\/)\.\.?(?:\/|$)/.test(key)) {
    throw new S3Error("failure", 'a key with "." or ".." as a segment cannot be reached');
  }
}

function isPathStyle({ bucket, endpoint, pathStyle }: Place): boolean {
  return pathStyle ?? (endpoint === undefined || isOfAws(endpoint) ? bucket.includes(".") : true);
}

/** Whether a server is AWS's own. */
function isOfAws({ hostname }: URL): boolean {
  return /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(hostname);
}

function awsEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

function encodePath(key: string): string {
  return key.split("/").map(encode).join("/");
}

/** By RFC 3986, as signatures want it. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
