/**
 * The way to a server: bytes in both directions, in order. A child process has
 * it as `{ readable: child.stdout, writable: child.stdin }`, a TCP connection
 * as it is.
 */
export interface Channel {
  /** What the server sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the server is sent. A chunk is lent until its write settles. */
  readonly writable: WritableStream<Uint8Array>;
  /** The process whose standard input and output the channel is, where it is one. */
  readonly pid?: number | undefined;
}

/** Chunks from a server, one at a time. */
export interface Source {
  /**
   * The next chunk, lent until the next call; undefined at the end.
   *
   * @param into Where the bytes would best go; a source may use it, and read no more than fits.
   */
  read(into?: Uint8Array): Promise<Uint8Array | undefined>;
  /** Breaks the stream off. */
  cancel(reason: unknown): Promise<void>;
}

/** Takes what a server is sent. */
export interface Sink {
  /** Writes all of `chunk`, which is lent until this settles; one call at a time. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes all of several, in their order, as {@linkcode write} one; absent: one after the other. */
  writeAll?(chunks: readonly Uint8Array[]): Promise<void>;
  /** Ends the stream. */
  close(): Promise<void>;
  /** Breaks the stream off. */
  abort(reason: unknown): Promise<void>;
}

/** The way to a server without streams in between, each of which costs more than a small request. */
export interface DirectChannel {
  /** What the server sends. */
  readonly source: Source;
  /** What the server is sent. */
  readonly sink: Sink;
}
