import type { Duplex, Readable } from "node:stream";
import type { DirectChannel, Sink, Source } from "../../../client/channel.ts";

/** Bytes that may wait here for a reader before the far side has to wait. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** A sink that takes several chunks at once. */
export interface GatheringSink extends Sink {
  /** Writes all of several chunks, in their order, as one. */
  writeAll(chunks: readonly Uint8Array[]): Promise<void>;
}

/** A Node stream as a channel, and the way to break it. */
export interface BreakableChannel extends DirectChannel {
  readonly sink: GatheringSink;
  /** Fails what is being read and written, and everything after it. */
  break(reason: Error): void;
}

/**
 * Takes over a Node stream of bytes; no other code may read or write it from now on.
 *
 * @param stream A stream of ssh2, which has a second stream for the standard error of the server.
 */
export function channelOf(stream: Duplex & { readonly stderr?: Readable }): BreakableChannel {
  // It is not used; but both share one window, so unread it would block the other one, too.
  stream.stderr?.resume();
  const source = new NodeSource(stream);
  const sink = new NodeSink(stream);
  return {
    source,
    sink,
    break: (reason) => {
      source.end(reason);
      sink.break(reason);
    },
  };
}

/** The readable side of a stream. */
class NodeSource implements Source {
  readonly #stream: Duplex;
  readonly #chunks: Uint8Array[] = [];
  #waiting = 0;
  /** Why nothing more comes; undefined for a regular end. */
  #end: { readonly reason: Error | undefined } | undefined;
  #reader: PromiseWithResolvers<Uint8Array | undefined> | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (data: Uint8Array) => this.#take(data));
    stream.on("end", () => this.end(undefined));
    stream.on("error", (error: Error) => this.end(error));
  }

  read(): Promise<Uint8Array | undefined> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#waiting -= chunk.length;
      if (this.#waiting < MAX_WAITING_BYTES && this.#stream.isPaused()) this.#stream.resume();
      return Promise.resolve(chunk);
    }
    if (this.#end?.reason !== undefined) return Promise.reject(this.#end.reason);
    if (this.#end !== undefined) return Promise.resolve(undefined);
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  cancel(): Promise<void> {
    this.end(undefined);
    this.#chunks.length = 0;
    this.#stream.destroy();
    return Promise.resolve();
  }

  /** Ends the source, with a reason or because the stream has ended. */
  end(reason: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    const reader = this.#reader;
    this.#reader = undefined;
    if (reason === undefined) reader?.resolve(undefined);
    else reader?.reject(reason);
  }

  #take(data: Uint8Array): void {
    if (this.#end !== undefined) return;
    // Slices of a Buffer cost more than those of a plain Uint8Array.
    const chunk = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting >= MAX_WAITING_BYTES) this.#stream.pause();
  }
}

/** The writable side of a stream. */
class NodeSink implements GatheringSink {
  readonly #stream: Duplex;
  /** Where chunks that are written together are joined. */
  #whole = new Uint8Array(0);
  #broken: Error | undefined;
  /** Fails the current write; ssh2 never calls back for a channel that has gone. */
  #fail: (reason: Error) => void = () => {};

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(chunk, (error) => error ? reject(error) : resolve());
    });
  }

  /** Joins the chunks, because each write is at least one packet. */
  writeAll(chunks: readonly Uint8Array[]): Promise<void> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (length > this.#whole.length) this.#whole = new Uint8Array(2 * length);
    let end = 0;
    for (const chunk of chunks) {
      this.#whole.set(chunk, end);
      end += chunk.length;
    }
    return this.write(this.#whole.subarray(0, length));
  }

  close(): Promise<void> {
    this.#stream.end();
    return Promise.resolve();
  }

  abort(reason: Error): Promise<void> {
    this.break(reason);
    this.#stream.destroy();
    return Promise.resolve();
  }

  /** Fails what is being written, and everything after it. */
  break(reason: Error): void {
    this.#broken ??= reason;
    this.#fail(reason);
  }
}
