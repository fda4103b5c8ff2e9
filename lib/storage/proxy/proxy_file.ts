import type { RemoteDir } from "../../client/remote_dir.ts";
import type { RemoteFile } from "../../client/remote_file.ts";
import { rescue } from "../../async/maybe_promise.ts";
import type { DirEntry, DirHandle, FileAttrs, FileHandle } from "../storage.ts";
import type { FarErrors } from "./proxy_errors.ts";

/** What the far side accepts in one request. */
export interface FarLimits {
  /** Bytes that one READ may ask for. */
  readonly maxReadLength: number;
}

/** An open file of the far side. */
export class ProxyFile implements FileHandle {
  /** The file as the SFTP client has it. */
  readonly remote: RemoteFile;
  readonly #errors: FarErrors;
  readonly #mostRead: number;
  readonly #readRemote: (into: Uint8Array, position: number) => Promise<number>;

  /** Made by `ProxyStorage.open()`. */
  constructor(
    remote: RemoteFile,
    { errors, limits, readOnce }: {
      readonly errors: FarErrors;
      readonly limits: FarLimits;
      /** Sends exactly one READ. */
      readonly readOnce: (into: Uint8Array, position: number) => Promise<number>;
    },
  ) {
    this.remote = remote;
    this.#errors = errors;
    this.#mostRead = limits.maxReadLength;
    this.#readRemote = readOnce;
  }

  /**
   * One READ is one READ of the far side, whose count is returned as it is: by
   * the draft it is short only at the end of a file. More than the far side
   * returns at once is put together from several.
   */
  read(into: Uint8Array, position: number): Promise<number> {
    const count = into.length <= this.#mostRead
      ? this.#readRemote(into, position)
      : this.remote.read(into, position);
    return rescue(count, this.#errors.fail);
  }

  /** Passes the bytes on, in several pieces if the far side does not take them at once. */
  write(data: Uint8Array, position: number): Promise<void> {
    return rescue(this.remote.write(data, position), this.#errors.fail);
  }

  /** FSTAT of the far side. */
  stat(): Promise<FileAttrs> {
    return rescue(this.remote.stat(), this.#errors.fail);
  }

  /** FSETSTAT of the far side. */
  setAttrs(attrs: FileAttrs): Promise<void> {
    return rescue(this.remote.setAttrs(attrs), this.#errors.fail);
  }

  /** CLOSE of the far side; if the connection is lost, the far side has closed the file itself. */
  async close(aborted: boolean): Promise<void> {
    try {
      await this.remote.close();
    } catch (error) {
      if (!aborted || !this.#errors.isLost(error)) this.#errors.fail(error);
    }
  }
}

/** An open directory of the far side. */
export class ProxyDir implements DirHandle {
  readonly #remote: RemoteDir;
  readonly #errors: FarErrors;
  readonly #above: FileAttrs | undefined;

  /**
   * Made by `ProxyStorage.openDir()`.
   *
   * @param above The attributes to return for `..`, if the client may not see the real ones.
   */
  constructor(remote: RemoteDir, errors: FarErrors, above?: FileAttrs) {
    this.#remote = remote;
    this.#errors = errors;
    this.#above = above;
  }

  /** The far side's entries, with its own `ls -l` lines. */
  async next(limit: number): Promise<readonly DirEntry[]> {
    const entries = await this.#remote.next(limit).catch(this.#errors.fail);
    const attrs = this.#above;
    if (attrs === undefined) return entries;
    return entries.map((entry) => entry.name === ".." ? { name: entry.name, attrs } : entry);
  }

  /** CLOSE of the far side. */
  async close(): Promise<void> {
    try {
      await this.#remote.close();
    } catch (error) {
      if (!this.#errors.isLost(error)) this.#errors.fail(error);
    }
  }
}
