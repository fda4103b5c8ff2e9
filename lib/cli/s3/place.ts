import { UsageError } from "../errors.ts";
import { expandTokens, type TokenValues } from "../options/tokens.ts";

/** A bucket, and what the keys of its files begin with. */
export interface Place {
  readonly bucket: string;
  /** Without a `/` at either end. */
  readonly prefix: string;
}

/** As S3 allows it, with the capital letters and underscores of old buckets and other servers. */
const BUCKET_REGEXP = /^[A-Za-z\d][\w.-]{1,253}[A-Za-z\d]$/;

/**
 * Reads `s3://BUCKET[/PREFIX]`. What its tokens stand for is not known yet.
 *
 * @throws {UsageError} If it is something else.
 */
export function parsePlace(text: string): Place {
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket === "") throw new UsageError(`"${text}" is not s3://BUCKET[/PREFIX]`);
  const place = { bucket, prefix: prefix.replace(/\/$/, "") };
  if (!bucket.includes("%")) requireBucket(bucket);
  requirePrefix(place.prefix);
  return place;
}

/**
 * The place with its tokens expanded.
 *
 * @throws {UsageError} If the result is no place.
 */
export function expandPlace({ bucket, prefix }: Place, who: TokenValues): Place {
  const place = { bucket: expandTokens(bucket, who), prefix: expandTokens(prefix, who) };
  requireBucket(place.bucket);
  requirePrefix(place.prefix);
  return place;
}

/**
 * Reads the URL of a server.
 *
 * @throws {UsageError} If it is not one, or has more than a path. The message repeats nothing of it,
 * because it may contain a password.
 */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === "";
  if (!isPlain) throw new UsageError("--endpoint is not http(s)://HOST[:PORT][/PATH]");
  return url;
}

function requireBucket(bucket: string): void {
  if (!BUCKET_REGEXP.test(bucket)) throw new UsageError(`"${bucket}" is not the name of a bucket`);
}

function requirePrefix(prefix: string): void {
  if (prefix !== "" && prefix.split("/").some((name) => ["", ".", ".."].includes(name))) {
    throw new UsageError(`the prefix "${prefix}" has an empty name, "." or ".." in it`);
  }
}
