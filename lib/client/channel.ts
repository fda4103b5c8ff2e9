/**
 * The way to a server: bytes in both directions, in order. A child process has
 * it as `{ readable: child.stdout, writable: child.stdin }`, a TCP connection
 * as it stands.
 */
export interface Channel {
  /** What the server sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the server is sent. A chunk is lent until its write settles. */
  readonly writable: WritableStream<Uint8Array>;
}
