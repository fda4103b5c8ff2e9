/**
 * Files of another SFTP server: every request is passed on as it came, and
 * every answer is returned as it is.
 *
 * @module
 */

import type { SftpClient } from "../../client/client.ts";
import { SftpStatusError } from "../../client/errors.ts";
import { DEFAULT_DIRECTORY_MODE, DEFAULT_FILE_MODE, isSymlink } from "../../attrs.ts";
import { after, isPromise, rescue } from "../../async/maybe_promise.ts";
import { withTimeout } from "../../async/with_timeout.ts";
import { StorageError } from "../errors.ts";
import type {
  CopyRange,
  FileAttrs,
  MaybePromise,
  OpenOptions,
  Storage,
  StorageExtensions,
  VirtualPath,
} from "../storage.ts";
import { FarErrors } from "./proxy_errors.ts";
import { ProxyDir, ProxyFile } from "./proxy_file.ts";
import { type FarPath, type FarPaths, WholeFarSide } from "./far_paths.ts";
import { FarRoot, openFarRoot } from "./far_root.ts";

/** How to use the far side; all optional. */
export interface ProxyOptions {
  /** Who is connected where, for messages: `alice@example.org:22`. */
  readonly description?: string | undefined;
  /**
   * The path of a directory of the far side that the client sees as `/` and
   * cannot leave; absent: the whole far side.
   */
  readonly root?: string | undefined;
  /** Permission bits that new files and directories do not get, besides the far side's own umask. */
  readonly umask?: number | undefined;
}

/** SSH_FX_EOF, the answer to COPY_DATA if the source ends early. */
const EOF = 1;

/** SSH_FX_NO_SUCH_FILE */
const NO_SUCH_FILE = 2;

/**
 * Milliseconds that the far side may take to hang up after everything is
 * closed; then the connection is dropped.
 */
const CLOSE_TIMEOUT_MS = 2000;

/**
 * A storage on the far side of an SFTP connection. It passes on handles,
 * offsets, open flags and names as they are, keeps as many requests in flight
 * as it gets, and fails with the far side's own status and text. When the
 * connection is lost, everything fails with `failure`.
 */
export class ProxyStorage implements Storage<ProxyFile> {
  /** The far side resolves `..`, also after links. */
  readonly resolvesParents = true;

  /** What the far side advertises. */
  readonly extensions: StorageExtensions<ProxyFile>;

  readonly #client: SftpClient;
  readonly #errors: FarErrors;
  readonly #paths: FarPaths;
  readonly #umask: number;
  /** Whether RENAME first checks that the new name is free, since some servers replace a file. */
  readonly #looksFirst: boolean;

  private constructor(
    client: SftpClient,
    { errors, paths, umask = 0, looksFirst = false }: {
      readonly errors: FarErrors;
      readonly paths: FarPaths;
      readonly umask: number | undefined;
      readonly looksFirst?: boolean;
    },
  ) {
    this.#client = client;
    this.#errors = errors;
    this.#paths = paths;
    this.#umask = umask;
    this.#looksFirst = looksFirst;
    this.extensions = this.#offered();
  }

  /**
   * A storage on an open connection.
   *
   * @param client Owned by the storage from now on.
   * @throws {StorageError} If `root` is not a directory of the far side.
   */
  static async open(client: SftpClient, options: ProxyOptions = {}): Promise<ProxyStorage> {
    const { description = "the far side", root, umask } = options;
    const errors = new FarErrors(description);
    if (root === undefined) {
      const paths = new WholeFarSide((path) => client.realPath(path));
      return new ProxyStorage(client, { errors, paths, umask });
    }
    const paths = await openFarRoot(client, root).catch(errors.fail);
    const discreet = paths.root === "/" ? errors : errors.hiding(paths.root);
    return new ProxyStorage(client, { errors: discreet, paths, umask });
  }

  /** Settles with the reason when the connection is lost; never if it is closed here. */
  get lost(): Promise<string> {
    return new Promise((resolve) => {
      this.#client.ended.then((error) => error === undefined || resolve(error.message));
    });
  }

  /** Where the far side starts the session: mostly the user's home. */
  startDirectory(): Promise<VirtualPath> {
    if (this.#paths.confined) return Promise.resolve("/");
    return this.#client.realPath(".").catch(this.#errors.fail);
  }

  /** OPEN, with the flags as they are. */
  open(path: VirtualPath, options: OpenOptions): Promise<ProxyFile> {
    // With both flags, the far side does not follow a link.
    const itself = options.create && options.exclusive;
    const found = itself ? this.#paths.entry(path) : this.#paths.follow(path);
    return this.#ask(found, async ({ far }) => {
      const attrs = options.create ? this.#masked(options.attrs, DEFAULT_FILE_MODE) : options.attrs;
      const remote = await this.#client.open(far, { ...options, attrs });
      const { connection, limits } = this.#client;
      const { handle } = remote;
      return new ProxyFile(remote, {
        errors: this.#errors,
        limits,
        readOnce: (into, position) => connection.read(handle, into, position),
      });
    });
  }

  /** OPENDIR */
  openDir(path: VirtualPath): Promise<ProxyDir> {
    return this.#ask(this.#paths.follow(path), async ({ far, isRoot }) => {
      const above = isRoot ? await this.#client.stat(far) : undefined;
      return new ProxyDir(await this.#client.openDir(far), this.#errors, above);
    });
  }

  /** STAT */
  stat(path: VirtualPath): Promise<FileAttrs> {
    return this.#ask(
      this.#paths.follow(path),
      ({ far, attrs }) => attrs ?? this.#client.stat(far),
    );
  }

  /** LSTAT */
  lstat(path: VirtualPath): Promise<FileAttrs> {
    return this.#ask(
      this.#paths.entry(path),
      ({ far, attrs }) => attrs ?? this.#client.lstat(far),
    );
  }

  /** SETSTAT */
  setAttrs(path: VirtualPath, attrs: FileAttrs): Promise<void> {
    return this.#ask(this.#paths.follow(path), ({ far }) => this.#client.setAttrs(far, attrs));
  }

  /** REALPATH */
  realPath(path: VirtualPath): Promise<VirtualPath> {
    return this.#paths.realPath(path).catch(this.#errors.fail);
  }

  /** READLINK */
  async readLink(path: VirtualPath): Promise<string> {
    const found = path.endsWith("/") ? this.#paths.follow(path) : this.#paths.entry(path);
    return this.#paths.readText(await this.#ask(found, ({ far }) => this.#client.readLink(far)));
  }

  /** SYMLINK */
  symlink(target: string, link: VirtualPath): Promise<void> {
    const text = this.#paths.writeText(target);
    return this.#ask(this.#paths.change(link), ({ far }) => this.#client.symlink(text, far));
  }

  /** MKDIR */
  mkdir(path: VirtualPath, attrs: FileAttrs): Promise<void> {
    const masked = this.#masked(attrs, DEFAULT_DIRECTORY_MODE);
    return this.#ask(this.#paths.change(path), ({ far }) => this.#client.mkdir(far, masked));
  }

  /** RMDIR */
  rmdir(path: VirtualPath): Promise<void> {
    return this.#ask(this.#paths.change(path), ({ far }) => this.#client.rmdir(far));
  }

  /** REMOVE */
  remove(path: VirtualPath): Promise<void> {
    return this.#ask(this.#paths.change(path), ({ far }) => this.#client.remove(far));
  }

  /** RENAME */
  rename(from: VirtualPath, to: VirtualPath): Promise<void> {
    return this.#askBoth(from, to, async (from, to) => {
      if (this.#looksFirst) await this.#requireNothing(to);
      await this.#client.rename(from, to);
    });
  }

  /**
   * The far side with its links resolved here, step by step as below a `root`: the REALPATH of many
   * servers does not follow links. Since the RENAME of some servers replaces an existing file, the
   * new name is checked first; a file that is made between the check and the RENAME is lost.
   */
  underPolicies(): ProxyStorage {
    return new ProxyStorage(this.#client, {
      errors: this.#errors,
      paths: this.#paths.confined ? this.#paths : new FarRoot(this.#client, "/", "/"),
      umask: this.#umask,
      looksFirst: true,
    });
  }

  /** Ends the session with the far side, which closes what is still open there. */
  async close(): Promise<void> {
    await withTimeout(this.#client.close(), CLOSE_TIMEOUT_MS, undefined);
    this.#client.abort();
  }

  async #requireNothing(far: string): Promise<void> {
    try {
      await this.#client.lstat(far);
    } catch (error) {
      if (error instanceof SftpStatusError && error.code === NO_SUCH_FILE) return;
      throw error;
    }
    throw new StorageError("failure", "there is something of that name");
  }

  #masked(attrs: FileAttrs, otherwise: number): FileAttrs {
    if (this.#umask === 0) return attrs;
    return { ...attrs, permissions: (attrs.permissions ?? otherwise) & ~this.#umask };
  }

  #offered(): StorageExtensions<ProxyFile> {
    const client = this.#client;
    const all: Required<StorageExtensions<ProxyFile>> = {
      posixRename: (from, to) => this.#askBoth(from, to, (a, b) => client.posixRename(a, b)),
      hardLink: (existing, link) => this.#hardLink(existing, link),
      setLinkAttrs: (path, attrs) => {
        const found = path.endsWith("/") ? this.#paths.follow(path) : this.#paths.entry(path);
        return this.#ask(found, ({ far }) => client.setLinkAttrs(far, attrs));
      },
      statVfs: (path) => this.#ask(this.#paths.follow(path), ({ far }) => client.statVfs(far)),
      fileStatVfs: (file) => client.fileStatVfs(file.remote).catch(this.#errors.fail),
      fsync: (file) => client.fsync(file.remote).catch(this.#errors.fail),
      copyData: (range) => this.#copyData(range),
      ownerNames: (uids, gids) => client.ownerNames(uids, gids).catch(this.#errors.fail),
    };
    const offered = Object.entries(all).filter(([method]) =>
      client.supports(EXTENSIONS[method as keyof typeof EXTENSIONS])
    );
    return Object.fromEntries(offered);
  }

  async #hardLink(existing: VirtualPath, link: VirtualPath): Promise<void> {
    // On some systems link(2) follows a symbolic link, which may lead anywhere.
    if (this.#paths.confined && isSymlink(await this.lstat(existing))) {
      throw new StorageError("denied", "hard link to a symbolic link");
    }
    await this.#askBoth(existing, link, (a, b) => this.#client.hardLink(a, b));
  }

  async #copyData(range: CopyRange<ProxyFile>): Promise<number> {
    const { length, source: { remote: source }, target: { remote: target } } = range;
    try {
      await this.#client.copyData({ ...range, source, target });
      if (length !== Infinity) return length;
    } catch (error) {
      if (!(error instanceof SftpStatusError && error.code === EOF)) this.#errors.fail(error);
    }
    // The protocol does not say how much was copied.
    const { size = 0 } = await source.stat().catch(this.#errors.fail);
    return Math.max(0, Math.min(length, size - range.sourcePosition));
  }

  /** Sends a request about a path as soon as its path on the far side is known. */
  #ask<T>(
    found: MaybePromise<FarPath>,
    request: (found: FarPath) => MaybePromise<T>,
  ): Promise<T> {
    const answer = rescue(after(found, request), this.#errors.fail);
    return isPromise(answer) ? answer : Promise.resolve(answer);
  }

  async #askBoth(
    from: VirtualPath,
    to: VirtualPath,
    request: (from: string, to: string) => Promise<void>,
  ): Promise<void> {
    try {
      const found = await Promise.all([this.#paths.change(from), this.#paths.change(to)]);
      await request(found[0].far, found[1].far);
    } catch (error) {
      this.#errors.fail(error);
    }
  }
}

/** The extension that each method needs. */
const EXTENSIONS = {
  posixRename: "posix-rename@openssh.com",
  hardLink: "hardlink@openssh.com",
  setLinkAttrs: "lsetstat@openssh.com",
  statVfs: "statvfs@openssh.com",
  fileStatVfs: "fstatvfs@openssh.com",
  fsync: "fsync@openssh.com",
  copyData: "copy-data",
  ownerNames: "users-groups-by-id@openssh.com",
} as const satisfies Record<keyof StorageExtensions, string>;
