import type { FileAttrs, FileSystemStats, OwnerNames } from "../attrs.ts";
import { StatusCode } from "../wire/constants.ts";
import {
  type CheckFileRange,
  type CheckFileReply,
  Extension,
  type Limits,
} from "../wire/extensions.ts";
import * as calls from "./calls.ts";
import type { Channel, DirectChannel } from "./channel.ts";
import { Connection } from "./connection.ts";
import { SftpStatusError } from "./errors.ts";
import { askLimits } from "./limits.ts";
import { openFlags, type OpenMode } from "./open_mode.ts";
import { RemoteDir } from "./remote_dir.ts";
import { closing, type RemoteCopy, RemoteFile } from "./remote_file.ts";
import { LinkMaker } from "./symlink.ts";
import {
  type DownloadOptions,
  readAll,
  readInto,
  type UploadOptions,
  writeFrom,
} from "./transfer.ts";

/**
 * A client of an SFTP server. Methods are named after the POSIX calls that
 * they correspond to. Any number may be under way at once; on one file they take
 * effect in the order in which they were called, as far as the server keeps it.
 *
 * Names are byte for byte the server's: a byte that is not UTF-8 is a lone
 * surrogate U+DC80 to U+DCFF. Each method fails with `SftpStatusError` where
 * the server refuses, with `ProtocolError` where it talks nonsense, and with
 * `ConnectionLostError` where the connection ends.
 *
 * @example Listing a directory of a server that runs as a child process
 * ```ts
 * import { SftpClient } from "@sftpwrap/sftpwrap";
 *
 * const command = new Deno.Command("/usr/lib/openssh/sftp-server", {
 *   stdin: "piped",
 *   stdout: "piped",
 * });
 * const server = command.spawn();
 * const client = await SftpClient.connect({ readable: server.stdout, writable: server.stdin });
 * const names = await Array.fromAsync(client.readDir("/tmp"), (entry) => entry.name);
 * await client.close();
 * ```
 */
export class SftpClient {
  /**
   * The conversation below, for requests by hand.
   *
   * @internal
   */
  readonly connection: Connection;

  /** What the server takes in one packet, cut to what this client takes; no length is 0. */
  readonly limits: Limits;

  readonly #links: LinkMaker;

  /**
   * Uses a connection that is open already.
   *
   * @internal
   * @param connection Open, and this client's own from now on.
   * @param limits What `askLimits` found out.
   */
  constructor(connection: Connection, limits: Limits) {
    this.connection = connection;
    this.limits = limits;
    this.#links = new LinkMaker(connection);
  }

  /**
   * Says hello to a server.
   *
   * @param channel The way to the server; it belongs to the client from now on.
   */
  static async connect(channel: Channel | DirectChannel): Promise<SftpClient> {
    const connection = await Connection.open(channel);
    return new SftpClient(connection, await askLimits(connection));
  }

  /** What the server advertised: extensions' names, and what it says of each, mostly a version. */
  get extensions(): ReadonlyMap<string, string> {
    return this.connection.extensions;
  }

  /**
   * Settles when the connection is over: with the reason where it was lost,
   * with undefined where it was closed here.
   */
  get ended(): Promise<Error | undefined> {
    return this.connection.ended;
  }

  /** Whether the server advertises an extension, by its name in a packet. */
  supports(extension: string): boolean {
    return this.connection.extensions.has(extension);
  }

  /** Opens a file; to read where `mode` is absent. */
  async open(path: string, mode: OpenMode = { read: true }): Promise<RemoteFile> {
    const { attrs = {} } = mode;
    const request = { path, pflags: openFlags(mode), attrs };
    return new RemoteFile(this, path, await this.connection.request(calls.OPEN, request));
  }

  /** Opens a directory for listing. */
  async openDir(path: string): Promise<RemoteDir> {
    const handle = await this.connection.request(calls.OPENDIR, { path });
    return new RemoteDir(this.connection, path, handle);
  }

  /** The entries of a directory without `.` and `..`, as the server orders them. */
  async *readDir(path: string): AsyncGenerator<calls.RemoteEntry> {
    const dir = await this.openDir(path);
    try {
      for (;;) {
        const entries = await dir.next();
        if (entries.length === 0) return;
        for (const entry of entries) {
          if (entry.name !== "." && entry.name !== "..") yield entry;
        }
      }
    } finally {
      await dir.close();
    }
  }

  /** Attributes of what `path` leads to. */
  stat(path: string): Promise<FileAttrs> {
    return this.connection.request(calls.STAT, { path });
  }

  /** Attributes of `path` itself, where it is a link. */
  lstat(path: string): Promise<FileAttrs> {
    return this.connection.request(calls.LSTAT, { path });
  }

  /** Changes what is present in `attrs`. */
  setAttrs(path: string, attrs: FileAttrs): Promise<void> {
    return this.connection.request(calls.SETSTAT, { path, attrs });
  }

  /** The path, absolute and without links, `.` and `..`, as the server sees it. */
  realPath(path: string): Promise<string> {
    return this.connection.request(calls.REALPATH, { path });
  }

  /** The text of a link. */
  readLink(path: string): Promise<string> {
    return this.connection.request(calls.READLINK, { path });
  }

  /** Makes the link `link` with the text `target`. */
  symlink(target: string, link: string): Promise<void> {
    return this.#links.make({ target, link });
  }

  /** Makes a directory. */
  mkdir(path: string, attrs: FileAttrs = {}): Promise<void> {
    return this.connection.request(calls.MKDIR, { path, attrs });
  }

  /** Removes an empty directory. */
  rmdir(path: string): Promise<void> {
    return this.connection.request(calls.RMDIR, { path });
  }

  /** Removes a file or a link. */
  remove(path: string): Promise<void> {
    return this.connection.request(calls.REMOVE, { path });
  }

  /** Renames; by the protocol's word this fails where `to` is there. */
  rename(from: string, to: string): Promise<void> {
    return this.connection.request(calls.RENAME, { from, to });
  }

  /** Renames over whatever is there, as rename(2). posix-rename@openssh.com */
  posixRename(from: string, to: string): Promise<void> {
    return this.connection.request(calls.POSIX_RENAME, { from, to });
  }

  /** Makes `link` a second name of the file `existing`. hardlink@openssh.com */
  hardLink(existing: string, link: string): Promise<void> {
    return this.connection.request(calls.HARDLINK, { from: existing, to: link });
  }

  /** As `setAttrs`, of a link itself. lsetstat@openssh.com */
  setLinkAttrs(path: string, attrs: FileAttrs): Promise<void> {
    return this.connection.request(calls.LSETSTAT, { path, attrs });
  }

  /** Figures of the file system that holds `path`. statvfs@openssh.com */
  statVfs(path: string): Promise<FileSystemStats> {
    return this.connection.request(calls.STATVFS, { path });
  }

  /** Figures of the file system that holds an open file. fstatvfs@openssh.com */
  fileStatVfs(file: RemoteFile): Promise<FileSystemStats> {
    return this.connection.request(calls.FSTATVFS, { handle: file.handle });
  }

  /** Brings an open file to the server's disk. fsync@openssh.com */
  fsync(file: RemoteFile): Promise<void> {
    return this.connection.request(calls.FSYNC, { handle: file.handle });
  }

  /** Copies between two open files without the data coming here. copy-data */
  async copyData(copy: RemoteCopy): Promise<void> {
    if (copy.length === 0) return;
    await this.connection.request(calls.COPY_DATA, {
      source: copy.source.handle,
      sourceOffset: copy.sourcePosition,
      length: copy.length === Infinity ? 0 : copy.length,
      target: copy.target.handle,
      targetOffset: copy.targetPosition,
    });
  }

  /** A path in which `~` and `~user` mean home directories. expand-path@openssh.com */
  expandPath(path: string): Promise<string> {
    return this.connection.request(calls.EXPAND_PATH, { path });
  }

  /**
   * The home directory of a user; of the one logged in where `user` is empty,
   * which older servers refuse. home-directory
   */
  homeDirectory(user = ""): Promise<string> {
    return this.connection.request(calls.HOME_DIRECTORY, { user });
  }

  /** Names of users and groups; empty where there is none. users-groups-by-id@openssh.com */
  ownerNames(uids: readonly number[], gids: readonly number[]): Promise<OwnerNames> {
    return this.connection.request(calls.USERS_GROUPS_BY_ID, { uids, gids });
  }

  /** Hashes of a file, made by the server: by its path, or of an open one. check-file */
  async checkFile(file: RemoteFile | string, range: CheckFileRange): Promise<CheckFileReply> {
    if (typeof file === "string") {
      return await this.connection.request(calls.CHECK_FILE_NAME, { path: file, ...range });
    }
    const request = { handle: file.handle, ...range };
    try {
      return await this.connection.request(calls.CHECK_FILE_HANDLE, request);
    } catch (error) {
      const unknown = error instanceof SftpStatusError && error.code === StatusCode.OP_UNSUPPORTED;
      if (!unknown || !this.supports(Extension.CHECK_FILE)) throw error;
      return await this.connection.request(calls.CHECK_FILE, request);
    }
  }

  /** A whole file, in memory. */
  async readFile(path: string): Promise<Uint8Array> {
    return await closing(await this.open(path), readAll);
  }

  /** Makes a file of these bytes, in place of what was there. */
  async writeFile(path: string, bytes: Uint8Array, options: UploadOptions = {}): Promise<void> {
    const file = await this.#openToUpload(path, options);
    await closing(file, () => file.write(bytes, options.position ?? 0));
  }

  /**
   * Sends a file into a stream, and closes that; breaks it off on a failure.
   *
   * @param sink Gets chunks that are its own.
   */
  async download(
    path: string,
    sink: WritableStream<Uint8Array>,
    options: DownloadOptions = {},
  ): Promise<void> {
    const writer = sink.getWriter();
    const chunkLength = this.limits.maxReadLength;
    try {
      await closing(
        await this.open(path),
        (file) => readInto(file, writer, { ...options, chunkLength }),
      );
      await writer.close();
    } catch (error) {
      // The sink may be what has failed; then it is broken off already.
      await writer.abort(error).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Makes a file of what a stream yields. After a failure it holds a part of that.
   *
   * @returns Bytes sent.
   */
  async upload(
    path: string,
    source: ReadableStream<Uint8Array>,
    options: UploadOptions = {},
  ): Promise<number> {
    const chunkLength = this.limits.maxWriteLength;
    const { position = 0 } = options;
    try {
      const file = await this.#openToUpload(path, options);
      return await closing(file, () => writeFrom(file, source, { position, chunkLength }));
    } catch (error) {
      // The source may be what has failed, or be at its end; nothing more is wanted of it.
      await source.cancel(error).catch(() => undefined);
      throw error;
    }
  }

  /** Ends the connection when everything that was asked is answered. */
  close(): Promise<void> {
    return this.connection.close();
  }

  /** Ends the connection at once; what is unanswered fails with `reason`. */
  abort(reason?: Error): void {
    this.connection.abort(reason);
  }

  #openToUpload(path: string, options: UploadOptions): Promise<RemoteFile> {
    const { position, exclusive, attrs } = options;
    const truncate = position === undefined;
    return this.open(path, { write: true, create: true, truncate, exclusive, attrs });
  }
}
