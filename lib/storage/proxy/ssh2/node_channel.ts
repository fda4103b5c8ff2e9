import type { Duplex, Readable } from "node:stream";
import type { DirectChannel, Sink, Source } from "../../../client/channel.ts";

/** Bytes that may wait here for a reader before the far side is held up. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** A sink that takes what stands in several places. */
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
 * Takes a Node stream of bytes; from now on nobody else may read or write it.
 *
 * @param stream As ssh2 makes it, it has a second one, of what the server says beside the bytes.
 */
export function channelOf(stream: Duplex & { readonly stderr?: Readable }): BreakableChannel {
  // Nobody listens to that; but the two have one window, and unread it would come to hold up both.
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

/** What comes out of a stream. */
class NodeSource implements Source {
  readonly #stream: Duplex;
  readonly #chunks: Uint8Array[] = [];
  #waiting = 0;
  /** Why nothing more comes: undefined for an end. */
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

  /** Nothing more comes, for a reason or because that was all. */
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
    // A Buffer is a Uint8Array whose every slice costs more.
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

/** What goes into a stream. */
class NodeSink implements GatheringSink {
  readonly #stream: Duplex;
  /** Where what is written in parts comes together. */
  #whole = new Uint8Array(0);
  #broken: Error | undefined;
  /** Fails the write that is under way; that of a channel which has gone is never called back. */
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

  /** Together, because each write is a packet of its own at least. */
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
