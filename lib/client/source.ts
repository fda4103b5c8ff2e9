import type { Source } from "./channel.ts";

/** Bytes that are read at once where the stream lets the reader bring the buffer. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Reads a stream. From one of bytes, such as a child process's output, it
 * reads into one buffer again and again, which is half as fast again as
 * letting the stream bring a new one each time.
 */
export function sourceOf(stream: ReadableStream<Uint8Array>): Source {
  const reader = byteReader(stream);
  if (reader === undefined) return new ChunkSource(stream.getReader());
  return new ByteSource(reader);
}

/** A reader that brings its buffer; undefined where the stream is not one of bytes. */
function byteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch (error) {
    // A locked stream is a TypeError too; getReader() without a mode tells of it again.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

class ChunkSource implements Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async read(): Promise<Uint8Array | undefined> {
    const { value } = await this.#reader.read();
    return value;
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }
}

class ByteSource implements Source {
  readonly #reader: ReadableStreamBYOBReader;
  #buffer = new ArrayBuffer(BUFFER_BYTES);

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
  }

  async read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#reader.read(new Uint8Array(this.#buffer));
    if (value !== undefined) this.#buffer = value.buffer;
    return done ? undefined : value;
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }
}
