/**
 * Files in a bucket of S3, as one tree for any number of sessions on any number of hosts.
 *
 * **What is stored.** The file `/a/b` is the object with the key `a/b`, after the prefix. Mode,
 * owner and times are its metadata, in the form of s3fs and rclone. A directory exists because of
 * the keys below it, or of a marker: an empty object whose key ends in `/`. A symbolic link is an
 * object whose mode says so. Unfinished work is below the key `.sftpwrap/`, which no client sees.
 *
 * **Versions.** An object is replaced as a whole, by one request. What is written to a file is a
 * draft until the handle is closed; then it is published. A reader keeps to the version that it has
 * opened, by its ETag: it never sees parts of two.
 *
 * **The parts.** `tree/` finds what a path leads to, lists, renames and removes. `objects/` reads
 * ahead, keeps what is written, and sends it: `rope` is the content of a draft, `plan` divides it
 * into parts, `uploader` sends them, `spill` keeps what does not fit into memory.
 *
 * @module
 */

import {
  DEFAULT_DIRECTORY_MODE,
  DEFAULT_FILE_MODE,
  type FileAttrs,
  PERMISSION_BITS,
} from "../../attrs.ts";
import { errorOf } from "../errno.ts";
import { parentOf } from "../path.ts";
import { Budget } from "../remote/budget.ts";
import { movedPath } from "../remote/names.ts";
import { NewFiles } from "../remote/new_files.ts";
import { sessionEnded } from "../remote/turns.ts";
import type {
  DirHandle,
  OpenOptions,
  Storage,
  StorageExtensions,
  VirtualPath,
} from "../storage.ts";
import type { S3Client, Written } from "./client/s3_client.ts";
import { isPreconditionFailed } from "./client/s3_errors.ts";
import { Conditions } from "./objects/conditions.ts";
import { Gate } from "./objects/gate.ts";
import type { S3StorageOptions } from "./options.ts";
import { Leases } from "./repair/leases.ts";
import { sweep, type SweepOptions } from "./repair/sweep.ts";
import { Sweeper } from "./repair/sweeper.ts";
import { type FileHost, S3File } from "./s3_file.ts";
import { setAttrsOf } from "./set_attrs.ts";
import { type Attributes, attrsOf, type Entry } from "./tree/attributes.ts";
import { putMarker } from "./tree/directories.ts";
import { keyOf, refuseNew, refuseUnusableTarget } from "./tree/keys.ts";
import { putLink, targetOf } from "./tree/links.ts";
import { Listing } from "./tree/listing.ts";
import { removeDirectory, removeEntry } from "./tree/remove.ts";
import { rename } from "./tree/rename.ts";
import { type Place, Tree } from "./tree/tree.ts";

/** The most bytes of bodies that are on their way at the same time. */
const BODIES_BYTES = 16 * 1024 * 1024;

/**
 * A bucket of S3 as a tree of files. It behaves as POSIX says, except for what S3 does not have:
 * there are no hard links, and a directory's time is that of its creation.
 */
export class S3Storage implements Storage<S3File> {
  /** Links are followed here, so `..` is resolved here. */
  readonly resolvesParents = true;
  /** Whether something decides about uploads. */
  readonly decidesOnClose: boolean;
  /** posix-rename, lsetstat and copy-data. */
  readonly extensions: StorageExtensions<S3File>;

  readonly #host: FileHost;
  readonly #tree: Tree;
  readonly #sweeper: Sweeper | undefined;
  readonly #umask: number;
  readonly #isPlain: boolean;
  readonly #files = new Set<S3File>();
  readonly #newFiles = new NewFiles<S3File>();
  readonly #ending = new AbortController();

  /** A storage on a bucket; closing it ends the client. */
  constructor(
    client: S3Client,
    options: S3StorageOptions = {},
    { budget = new Budget(), sweeps = true }: {
      readonly budget?: Budget | undefined;
      readonly sweeps?: boolean;
    } = {},
  ) {
    const { prefix = "", umask = 0o022, uid = 0, gid = 0, plainListings = false } = options;
    const whole = prefix === "" || prefix.endsWith("/") ? prefix : prefix + "/";
    this.decidesOnClose = options.beforePublish !== undefined;
    this.#umask = umask;
    this.#isPlain = plainListings;
    this.#host = {
      client,
      prefix: whole,
      owner: { uid, gid },
      budget,
      gate: new Gate(BODIES_BYTES),
      conditions: new Conditions(),
      leases: new Leases(client, whole),
      ending: this.#ending.signal,
      beforePublish: options.beforePublish,
      moved: (key, to, written) => this.#moved(key, to, written),
      closed: (file) => {
        this.#files.delete(file);
        this.#newFiles.delete(file);
      },
    };
    this.#tree = new Tree(this.#host);
    this.extensions = this.#offered();
    this.#sweeper = sweeps ? new Sweeper(this.#host, options.log) : undefined;
  }

  /** What every key begins with: empty, or ends in `/`. */
  get prefix(): string {
    return this.#host.prefix;
  }

  /** Tries whether the bucket can be listed. */
  async probe(): Promise<void> {
    const { client, prefix, ending: signal } = this.#host;
    await client.list(prefix, { limit: 1, signal });
  }

  /** Finishes, or drops, what sessions have left that have died. */
  async sweep(options: SweepOptions): Promise<void> {
    await sweep(this.#host, options);
  }

  /** Opens a file. */
  async open(path: VirtualPath, options: OpenOptions): Promise<S3File> {
    const mustBeNew = options.create && options.exclusive;
    const place = await this.#tree.walk(path, {
      follow: !mustBeNew,
      makesFile: options.create,
    });
    const { entry } = place;
    const pending = entry === undefined ? this.#newFiles.at(place.path) : undefined;
    if ((entry ?? pending) !== undefined && mustBeNew) throw errorOf("EEXIST");
    if (entry?.kind === "directory") throw errorOf("EISDIR");
    if (entry !== undefined && place.slash) throw errorOf("ENOTDIR");
    if (entry === undefined && !options.create) throw errorOf("ENOENT");
    if (entry === undefined) refuseNew(this.#host.prefix, place.path, "other");
    const file = new S3File(this.#host, options, {
      path: place.path,
      info: entry?.info,
      attributes: this.#attributesOfNew(options.attrs.permissions ?? DEFAULT_FILE_MODE),
    });
    this.#files.add(file);
    if (file.isNew) this.#newFiles.add(file);
    return file;
  }

  /** Opens a directory for listing; `.` and `..` are in it. */
  async openDir(path: VirtualPath): Promise<DirHandle> {
    const { owner } = this.#host;
    const { path: directory, entry } = await this.#tree.find(path, { follow: true });
    if (entry.kind !== "directory") throw errorOf("ENOTDIR");
    const above = await this.#tree.entry(parentOf(directory));
    const dots = [
      { name: ".", attrs: attrsOf(entry, owner) },
      { name: "..", attrs: attrsOf(above ?? entry, owner) },
    ];
    return new Listing(this.#host, directory, { dots, isPlain: this.#isPlain });
  }

  /** Attributes of what `path` leads to. */
  async stat(path: VirtualPath): Promise<FileAttrs> {
    return await this.#attrsAt(path, true);
  }

  /** Attributes of `path` itself, even if it is a link. */
  async lstat(path: VirtualPath): Promise<FileAttrs> {
    return await this.#attrsAt(path, false);
  }

  /** Changes what is present in `attrs`. */
  async setAttrs(path: VirtualPath, attrs: FileAttrs): Promise<void> {
    await this.#setAttrsAt(path, attrs, true);
  }

  /** The path without links, `.` and `..`; its last segment may not exist. */
  async realPath(path: VirtualPath): Promise<VirtualPath> {
    const place = await this.#tree.walk(path, { follow: true });
    if (place.slash && place.entry === undefined) throw errorOf("ENOENT");
    if (place.slash && place.entry?.kind !== "directory") throw errorOf("ENOTDIR");
    return place.path;
  }

  /** The text of a link. */
  async readLink(path: VirtualPath): Promise<string> {
    const { entry } = await this.#tree.find(path, { follow: false });
    if (entry.kind !== "link") throw errorOf("EINVAL");
    return await targetOf(this.#host, entry.info);
  }

  /** Makes the link `link` with the text `target`. */
  async symlink(target: string, link: VirtualPath): Promise<void> {
    if (target === "") throw errorOf("ENOENT");
    refuseUnusableTarget(target);
    const place = await this.#vacancy(link);
    if (place.slash) throw errorOf("ENOENT");
    refuseNew(this.#host.prefix, place.path, "other");
    const attributes = { ...this.#attributesOfNew(0), mode: 0o777 };
    try {
      await putLink(this.#host, keyOf(this.#host.prefix, place.path), { target, attributes });
    } catch (error) {
      throw isPreconditionFailed(error) ? errorOf("EEXIST") : error;
    }
  }

  /** Makes a directory, with the permissions 0777 by default. */
  async mkdir(path: VirtualPath, attrs: FileAttrs): Promise<void> {
    const place = await this.#vacancy(path);
    refuseNew(this.#host.prefix, place.path, "directory");
    const attributes = this.#attributesOfNew(attrs.permissions ?? DEFAULT_DIRECTORY_MODE);
    await putMarker(this.#host, place.path, attributes);
  }

  /** Removes an empty directory. */
  async rmdir(path: VirtualPath): Promise<void> {
    const place = await this.#tree.walk(path, { follow: false });
    await removeDirectory(this.#host, this.#tree, place);
  }

  /** Removes a file or a link. */
  async remove(path: VirtualPath): Promise<void> {
    const place = await this.#tree.walk(path, { follow: false });
    const pending = this.#newFiles.at(place.path);
    if (place.entry === undefined && pending !== undefined) {
      pending.isRemoved = true;
      return;
    }
    await removeEntry(this.#host, this.#tree, place);
    this.#forget(place.path);
  }

  /** Renames; fails if `to` exists. */
  async rename(from: VirtualPath, to: VirtualPath): Promise<void> {
    await this.#rename(from, to, false);
  }

  /** Ends the use of this storage, and of the client. */
  async close(): Promise<void> {
    this.#ending.abort(sessionEnded());
    await this.#sweeper?.close();
    this.#host.leases.close();
    this.#host.client.close();
  }

  #offered(): StorageExtensions<S3File> {
    return {
      posixRename: (from, to) => this.#rename(from, to, true),
      setLinkAttrs: (path, attrs) => this.#setAttrsAt(path, attrs, false),
      copyData: (range) => S3File.copy(range),
    };
  }

  async #attrsAt(path: VirtualPath, follow: boolean): Promise<FileAttrs> {
    const found = await this.#find(path, follow);
    return found instanceof S3File ? await found.stat() : attrsOf(found.entry, this.#host.owner);
  }

  /** What is at `path`; if there is nothing yet, the session's own new file. */
  async #find(
    path: VirtualPath,
    follow: boolean,
  ): Promise<S3File | { readonly path: VirtualPath; readonly entry: Entry }> {
    const place = await this.#tree.walk(path, { follow: follow || path.endsWith("/") });
    const entry = place.entry ?? this.#newFiles.at(place.path);
    if (entry === undefined) throw errorOf("ENOENT");
    const isDirectory = !(entry instanceof S3File) && entry.kind === "directory";
    if (place.slash && !isDirectory) throw errorOf("ENOTDIR");
    return entry instanceof S3File ? entry : { path: place.path, entry };
  }

  async #setAttrsAt(path: VirtualPath, attrs: FileAttrs, follow: boolean): Promise<void> {
    const found = await this.#find(path, follow);
    if (found instanceof S3File) await found.setAttrs(attrs);
    else await setAttrsOf(this.#host, found, attrs);
  }

  /** The place of a new entry: fails if there is one already. */
  async #vacancy(path: VirtualPath): Promise<Place> {
    const place = await this.#tree.walk(path, { follow: false });
    if ((place.entry ?? this.#newFiles.at(place.path)) !== undefined) throw errorOf("EEXIST");
    return place;
  }

  async #rename(from: VirtualPath, to: VirtualPath, replace: boolean): Promise<void> {
    const [source, target] = await Promise.all([
      this.#tree.walk(from, { follow: false }),
      this.#tree.walk(to, { follow: false }),
    ]);
    const pending = this.#newFiles.at(source.path);
    if (source.entry === undefined && pending !== undefined) {
      if (target.entry !== undefined && !replace) throw errorOf("EEXIST");
      if (target.entry?.kind === "directory") throw errorOf("EISDIR");
      refuseNew(this.#host.prefix, target.path, "other");
      pending.path = target.path;
      return;
    }
    await rename(this.#host, this.#tree, { from: source, to: target, replace });
    if (source.path === target.path) return;
    this.#forget(target.path);
    for (const file of this.#files) {
      if (!file.isRemoved) file.path = movedPath(file.path, source.path, target.path) ?? file.path;
    }
  }

  /** The file at a path is another one from now on, or none. */
  #forget(path: VirtualPath): void {
    for (const file of this.#files) {
      if (file.path === path && !file.isNew) file.isRemoved = true;
    }
  }

  #moved(key: string, to: string, written: Written): void {
    for (const file of this.#files) file.moved(key, to, written);
  }

  #attributesOfNew(permissions: number): Attributes {
    const mtime = Math.floor(Date.now() / 1000);
    const mode = permissions & PERMISSION_BITS & ~this.#umask;
    return { mode, ...this.#host.owner, mtime };
  }
}
