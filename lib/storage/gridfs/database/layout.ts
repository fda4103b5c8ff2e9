import { Decimal128, Double, Int32, Long } from "mongodb";
import { StorageError } from "../../errors.ts";

/** How the content of a file is split into chunks. */
export interface Layout {
  /** Size of the file in bytes. */
  readonly length: number;
  /** Bytes in each chunk but the last. */
  readonly chunkSize: number;
}

/** What a file's document says about it; another program may have written anything. */
export interface LayoutFields {
  readonly length?: unknown;
  readonly chunkSize?: unknown;
}

/** No document of MongoDB is larger, so no chunk is either. */
export const MAX_CHUNK_BYTES = 16 * 1024 * 1024;

/** GridFS numbers chunks with 32 bits. */
export const MAX_CHUNKS = 2 ** 31 - 1;

/** Characters of a wrong value that an error message repeats. */
const MAX_VALUE_CHARACTERS = 40;

/**
 * The layout of a file.
 *
 * @throws {StorageError} If its document does not describe one.
 */
export function layoutOf(doc: LayoutFields): Layout {
  const [length, chunkSize] = [sizeOf(doc.length), sizeOf(doc.chunkSize)];
  if (length === undefined) throw problem("length", doc.length);
  if (chunkSize === undefined || chunkSize === 0) throw problem("chunkSize", doc.chunkSize);
  if (Math.min(length, chunkSize) > MAX_CHUNK_BYTES) throw problem("chunkSize", doc.chunkSize);
  if (Math.ceil(length / chunkSize) > MAX_CHUNKS) throw problem("length", doc.length);
  return { length, chunkSize };
}

/** Why a file cannot be read, in the words of {@linkcode layoutOf}; undefined where it can. */
export function problemWithLayout(doc: LayoutFields): string | undefined {
  try {
    layoutOf(doc);
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return error.message;
    throw error;
  }
}

/** A number of bytes, of any numeric type; undefined where the value is not one. */
export function sizeOf(value: unknown): number | undefined {
  const number = numberIn(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function numberIn(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const isWrapped = typeof value === "bigint" || value instanceof Long || value instanceof Int32 ||
    value instanceof Double || value instanceof Decimal128;
  return isWrapped ? Number(value.toString()) : undefined;
}

function problem(field: string, value: unknown): StorageError {
  const reason = value === undefined
    ? `the file's document has no ${field}`
    : `the file's document has the ${field} ${shown(value)}`;
  return new StorageError("failure", reason);
}

function shown(value: unknown): string {
  const isText = typeof value === "string" || typeof value === "object" && value !== null &&
      !(value instanceof Long || value instanceof Decimal128);
  const text = isText ? JSON.stringify(value) : String(value);
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text;
}
