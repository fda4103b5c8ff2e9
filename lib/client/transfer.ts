import type { FileAttrs } from "../attrs.ts";
import { InFlight, requestsInFlight } from "./in_flight.ts";
import type { RemoteFile } from "./remote_file.ts";

/** The first guess at a file's length is trusted up to here. */
const MAX_TRUSTED_BYTES = 64 * 1024 * 1024;

/** A part of a file to download. */
export interface DownloadOptions {
  /** Where to begin, in bytes; 0 where absent. */
  readonly position?: number | undefined;
  /** How many bytes; up to the end of the file where absent. */
  readonly length?: number | undefined;
}

/** How to upload. */
export interface UploadOptions {
  /** Where in the file to begin, in bytes; the file is cut to length 0 where absent. */
  readonly position?: number | undefined;
  /** Fail where there is a file already. */
  readonly exclusive?: boolean | undefined;
  /** Attributes for a file that is made. */
  readonly attrs?: FileAttrs | undefined;
}

/** A chunk that has been asked for. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly count: Promise<number>;
}

/** Reads a whole file. */
export async function readAll(file: RemoteFile): Promise<Uint8Array> {
  const { size = 0 } = await file.stat();
  // One more than is expected, so that the end shows itself.
  let bytes = new Uint8Array(Math.min(size, MAX_TRUSTED_BYTES) + 1);
  let length = 0;
  for (;;) {
    length += await file.read(bytes.subarray(length), length);
    if (length < bytes.length) return bytes.subarray(0, length);
    const grown = new Uint8Array(bytes.length * 2);
    grown.set(bytes);
    bytes = grown;
  }
}

/**
 * Sends a part of a file into a stream, in order, with reads ahead that grow
 * in number until the file ends.
 *
 * @param chunkLength Bytes of each read.
 */
export async function readInto(
  file: RemoteFile,
  sink: WritableStreamDefaultWriter<Uint8Array>,
  options: DownloadOptions & { readonly chunkLength: number },
): Promise<void> {
  const { position = 0, length = Infinity, chunkLength } = options;
  const end = position + length;
  const most = requestsInFlight(chunkLength);
  const ahead: Chunk[] = [];
  let width = 2;
  let next = position;
  try {
    for (;;) {
      while (ahead.length < width && next < end) {
        ahead.push(ask(file, next, Math.min(chunkLength, end - next)));
        next += chunkLength;
      }
      const chunk = ahead.shift();
      if (chunk === undefined) return;
      const count = await chunk.count;
      if (count > 0) await sink.write(chunk.bytes.subarray(0, count));
      if (count < chunk.bytes.length) return;
      width = Math.min(width + 1, most);
    }
  } finally {
    await Promise.allSettled(ahead.map(({ count }) => count));
  }
}

function ask(file: RemoteFile, position: number, length: number): Chunk {
  const bytes = new Uint8Array(length);
  const count = file.read(bytes, position);
  // It is met when the chunk's turn comes, which may be after it has failed.
  count.catch(() => undefined);
  return { bytes, count };
}

/**
 * Writes what a stream yields, from byte `position` on.
 *
 * @returns Bytes written.
 */
export async function writeFrom(
  file: RemoteFile,
  source: ReadableStream<Uint8Array>,
  options: { readonly position: number; readonly chunkLength: number },
): Promise<number> {
  const { position, chunkLength } = options;
  const reader = source.getReader();
  // A source that has nothing to give yet must not hide that the server is gone.
  const inFlight = new InFlight(requestsInFlight(chunkLength), (error) => {
    // The failure itself is what is told; that of stopping the source adds nothing.
    reader.cancel(error).catch(() => undefined);
  });
  let written = 0;
  try {
    for (;;) {
      const { value: chunk } = await reader.read();
      if (chunk === undefined) break;
      for (let at = 0; at < chunk.length; at += chunkLength) {
        const piece = chunk.subarray(at, at + chunkLength);
        const place = position + written;
        await inFlight.start(() => file.write(piece, place));
        written += piece.length;
      }
    }
  } finally {
    reader.releaseLock();
    await inFlight.settled();
  }
  return written;
}
