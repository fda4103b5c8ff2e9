import { CLOSE, READDIR, type RemoteEntry } from "./calls.ts";
import type { Connection } from "./connection.ts";

/** An open directory of a server. */
export class RemoteDir {
  /** The path that it was opened by. */
  readonly path: string;

  /** The server's name for the open directory, for requests by hand. */
  readonly handle: Uint8Array;

  readonly #connection: Connection;
  #left: readonly RemoteEntry[] = [];

  /**
   * Made by `SftpClient.openDir()`.
   *
   * @internal
   */
  constructor(connection: Connection, path: string, handle: Uint8Array) {
    this.path = path;
    this.handle = handle;
    this.#connection = connection;
  }

  /**
   * The next entries, as the server orders them, `.` and `..` among them where
   * it lists them; none at the end.
   *
   * @param limit How many at most; as many as the server sends at once where absent.
   */
  async next(limit = Infinity): Promise<readonly RemoteEntry[]> {
    if (this.#left.length === 0) {
      this.#left = await this.#connection.request(READDIR, { handle: this.handle });
    }
    const entries = this.#left;
    if (entries.length <= limit) {
      this.#left = [];
      return entries;
    }
    this.#left = entries.slice(limit);
    return entries.slice(0, limit);
  }

  /** Ends the use of the directory. */
  close(): Promise<void> {
    return this.#connection.request(CLOSE, { handle: this.handle });
  }
}
