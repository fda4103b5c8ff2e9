import type { Duplex } from "node:stream";
import type { Channel } from "../../client/channel.ts";

/** Bytes that may wait here for a reader before the far side is held up. */
const MOST_WAITING = 1024 * 1024;

/** A Node stream as a channel, and the way to break it. */
export interface BreakableChannel extends Channel {
  /** Fails what is being read and written, and everything after it. */
  break(reason: Error): void;
}

/** Wraps a Node stream of bytes; from now on nobody else may read or write it. */
export function channelOf(stream: Duplex): BreakableChannel {
  const reading = readingOf(stream);
  const writing = writingOf(stream);
  return {
    readable: reading.readable,
    writable: writing.writable,
    break: (reason) => {
      reading.break(reason);
      writing.break(reason);
    },
  };
}

function readingOf(
  stream: Duplex,
): { readonly readable: ReadableStream<Uint8Array>; break(reason: Error): void } {
  let source: ReadableStreamDefaultController<Uint8Array>;
  let isOver = false;
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      source = controller;
    },
    pull() {
      if (stream.isPaused()) stream.resume();
    },
    cancel() {
      isOver = true;
      stream.destroy();
    },
  }, { highWaterMark: MOST_WAITING, size: (chunk) => chunk.byteLength });
  stream.on("data", (data: Uint8Array) => {
    if (isOver) return;
    // A Buffer is a Uint8Array whose every slice costs more.
    source.enqueue(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    if ((source.desiredSize ?? 0) <= 0) stream.pause();
  });
  stream.on("end", () => {
    if (isOver) return;
    isOver = true;
    source.close();
  });
  stream.on("error", fail);
  return { readable, break: fail };

  function fail(reason: Error): void {
    if (isOver) return;
    isOver = true;
    source.error(reason);
  }
}

function writingOf(
  stream: Duplex,
): { readonly writable: WritableStream<Uint8Array>; break(reason: Error): void } {
  let target: WritableStreamDefaultController;
  // A write whose channel has gone is never called back.
  const broken = Promise.withResolvers<never>();
  // Whoever writes is told; a channel may break while nobody does.
  broken.promise.catch(() => undefined);
  let fail = broken.reject;
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      target = controller;
    },
    write: (chunk) =>
      new Promise<void>((resolve, reject) => {
        fail = reject;
        stream.write(chunk, (error) => error ? reject(error) : resolve());
      }),
    close: () => {
      stream.end();
    },
    abort: () => {
      stream.destroy();
    },
  });
  return {
    writable,
    break: (reason) => {
      fail(reason);
      target.error(reason);
    },
  };
}
