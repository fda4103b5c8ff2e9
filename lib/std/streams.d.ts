// The types of `@std/streams` that this project uses; `streams.ts` says why they stand here.

/** Reads the stream to its end as one text; bytes are decoded as UTF-8. */
export function toText(stream: ReadableStream<string | Uint8Array>): Promise<string>;

/** Reads the stream to its end as one array of bytes. */
export function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>>;

/** Reads the stream to its end as one buffer. */
export function toArrayBuffer(readableStream: ReadableStream<Uint8Array>): Promise<ArrayBuffer>;

/** Reads the stream to its end as one JSON value. */
export function toJson(stream: ReadableStream<string | Uint8Array>): Promise<unknown>;

/** One stream of the chunks of all, each as it comes. */
export function mergeReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;

/** One stream of the chunks of all, one stream after the other. */
export function concatReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;

/** Splits text into lines, without their ends (`\n` or `\r\n`; `\r` too with `allowCR`). */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options?: { allowCR?: boolean });
}

/** Splits bytes at a delimiter, which is dropped unless the disposition keeps it. */
export class DelimiterStream extends TransformStream<Uint8Array, Uint8Array<ArrayBuffer>> {
  constructor(
    delimiter: Uint8Array,
    options?: { disposition?: "suffix" | "prefix" | "discard" },
  );
}

/** Passes on the bytes from `start` to `end` (not included), counted from the stream's begin. */
export class ByteSliceStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(start?: number, end?: number);
}

/** Passes on at most `size` bytes, then ends the stream, or fails it where `error` is set. */
export class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(size: number, options?: { error?: boolean });
}

/** A growing store of bytes, written at its end and read from its begin. */
export class Buffer {
  constructor(ab?: ArrayBufferLike | ArrayLike<number>);
  /** Reads the bytes, as a byte stream that ends when the buffer is empty. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Appends what is written to it. */
  get writable(): WritableStream<Uint8Array>;
  /** The bytes that are not read yet: a copy unless `copy` is false. */
  bytes(options?: { copy: boolean }): Uint8Array<ArrayBuffer>;
  /** Whether every byte has been read. */
  empty(): boolean;
  /** How many bytes are not read yet. */
  get length(): number;
  /** How many bytes are allocated. */
  get capacity(): number;
  /** Keeps the first `n` unread bytes and drops the others. */
  truncate(n: number): void;
  /** Drops every byte. */
  reset(): void;
  /** Makes room for `n` more bytes. */
  grow(n: number): void;
}
