import type { FileAttrs } from "../attrs.ts";
import type { Limits } from "../wire/extensions.ts";
import { CLOSE, FSETSTAT, FSTAT } from "./calls.ts";
import type { Connection } from "./connection.ts";
import { InFlight, requestsInFlight } from "./in_flight.ts";

/** A range of one open file to copy to a place in another, by the server itself. */
export interface RemoteCopy {
  /** Read from here. */
  readonly source: RemoteFile;
  /** Where to begin, in bytes. */
  readonly sourcePosition: number;
  /** How many bytes; `Infinity` for all up to the end. */
  readonly length: number;
  /** Written to here. */
  readonly target: RemoteFile;
  /** Where to write, in bytes. */
  readonly targetPosition: number;
}

/** An open file of a server. */
export class RemoteFile {
  /** The path that it was opened by. */
  readonly path: string;

  /** The server's name for the open file, for requests by hand. */
  readonly handle: Uint8Array;

  readonly #connection: Connection;
  readonly #limits: Limits;

  /**
   * Made by `SftpClient.open()`.
   *
   * @internal
   */
  constructor(
    server: { readonly connection: Connection; readonly limits: Limits },
    path: string,
    handle: Uint8Array,
  ) {
    this.path = path;
    this.handle = handle;
    this.#connection = server.connection;
    this.#limits = server.limits;
  }

  /**
   * Reads from byte `position` until `into` is full or the file ends, in as
   * many requests as it takes, many of them at once.
   *
   * @param into Where the bytes go; lent until this settles.
   * @param position Bytes from the file's beginning.
   * @returns Bytes read: less than asked for only at the end of the file, 0 after it.
   */
  read(into: Uint8Array, position: number): Promise<number> {
    const whole = into.length <= this.#limits.maxReadLength;
    return whole ? this.#fill(into, position) : this.#readPieces(into, position);
  }

  /**
   * Writes all of `data` at byte `position`, in as many requests as it takes,
   * many of them at once. After a failure any part of it may be written.
   *
   * @param data Lent until this settles.
   * @param position Bytes from the file's beginning; most servers ignore it under `append`.
   */
  write(data: Uint8Array, position: number): Promise<void> {
    const whole = data.length <= this.#limits.maxWriteLength;
    return whole
      ? this.#connection.write(this.handle, data, position)
      : this.#writePieces(data, position);
  }

  /** The open file's attributes, whatever its name has become. */
  stat(): Promise<FileAttrs> {
    return this.#connection.request(FSTAT, { handle: this.handle });
  }

  /** Changes what is present in `attrs`. */
  setAttrs(attrs: FileAttrs): Promise<void> {
    return this.#connection.request(FSETSTAT, { handle: this.handle, attrs });
  }

  /** Ends the use of the file. Where the server commits on close, an upload fails here. */
  close(): Promise<void> {
    return this.#connection.request(CLOSE, { handle: this.handle });
  }

  async #readPieces(into: Uint8Array, position: number): Promise<number> {
    const most = this.#limits.maxReadLength;
    const inFlight = new InFlight(requestsInFlight(most));
    let end = into.length;
    for (let at = 0; at < end; at += most) {
      const piece = into.subarray(at, at + most);
      const started = await inFlight.start(async () => {
        const count = await this.#fill(piece, position + at);
        if (count < piece.length) end = Math.min(end, at + count);
      });
      if (!started) break;
    }
    await inFlight.settled();
    return end;
  }

  async #writePieces(data: Uint8Array, position: number): Promise<void> {
    const most = this.#limits.maxWriteLength;
    const inFlight = new InFlight(requestsInFlight(most));
    for (let at = 0; at < data.length; at += most) {
      const piece = data.subarray(at, at + most);
      const started = await inFlight.start(() =>
        this.#connection.write(this.handle, piece, position + at)
      );
      if (!started) break;
    }
    await inFlight.settled();
  }

  /** One request, and more if the server sends less than it was asked for. */
  async #fill(into: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const rest = filled === 0 ? into : into.subarray(filled);
      const count = await this.#connection.read(this.handle, rest, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }
}

/** Uses a file and closes it; where the use fails, that is what is thrown. */
export async function closing<T>(
  file: RemoteFile,
  use: (file: RemoteFile) => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await use(file);
  } catch (error) {
    // What went wrong first says more than what comes of closing.
    await file.close().catch(() => undefined);
    throw error;
  }
  await file.close();
  return result;
}
