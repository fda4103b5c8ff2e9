/**
 * Files in MongoDB's GridFS, as one tree for any number of sessions on any
 * number of hosts.
 *
 * **What is stored.** `<bucket>.files` and `<bucket>.chunks` follow the GridFS specification, so
 * that `mongofiles` and every driver can read what is written here, and clients see what these
 * write. The file `/a/b` has the filename `a/b`; mode, owner and times are in its `metadata`.
 * Directories and symbolic links are in `<bucket>.nodes`, and `<bucket>.journal` records which
 * session is at work on what.
 *
 * **Foreign names.** Each filename has one path, which `README.md` in this
 * folder lists. Names that are not UTF-8 are refused.
 *
 * **Versions.** Chunks of a new version wait under an id of their own until the handle is closed;
 * then one document is inserted, and clients see the newest document of a name. The version that it
 * replaces is retired: its chunks stay for a quarter of an hour for the sessions that read it. An
 * edit is a new version as well: it begins from an old one, and copies what it does not change. So
 * a reader, also one that uses a driver, has one of the two at every moment.
 *
 * **Renames** of a file also have one decisive step: the newest file of the name gets the new name.
 * A directory's rename is one transaction where the deployment has transactions; elsewhere the
 * journal records beforehand which documents move, and nothing else changes in the two directories
 * until they have moved. An unfinished rename is undone by the documents' ids, never by name alone.
 *
 * **The parts.** `tree` finds what a path leads to, `listing` lists. `chunk_reader` reads ahead,
 * `chunk_sender` writes behind, `content` lays one over the other, `draft` is a version that is
 * being written, `publish` makes versions visible and `retire` removes them, `rename` moves them,
 * `new_files` knows the files that no other session may see yet, `name_locks` keep other sessions
 * away meanwhile, and `sweep` and `settle` finish what dead sessions began.
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
import type {
  DirHandle,
  OpenOptions,
  Storage,
  StorageExtensions,
  VirtualPath,
} from "../storage.ts";
import { type Bucket, connect } from "./database/bucket.ts";
import { withNamesLocked } from "./tree/name_locks.ts";
import type { Metadata } from "./database/documents.ts";
import { fail } from "./database/gridfs_errors.ts";
import { type FileHost, GridFsFile } from "./gridfs_file.ts";
import { Journal } from "./database/journal.ts";
import { layoutOf } from "./database/layout.ts";
import { Listing } from "./tree/listing.ts";
import { refuseUnusable, refuseUnusableTarget } from "./tree/names.ts";
import { NewFiles } from "../remote/new_files.ts";
import { sessionEnded } from "../remote/turns.ts";
import { attrsOf, type Entry, keepDirectory, newNode, targetOf } from "./tree/nodes.ts";
import type { GridFsOptions } from "./database/options.ts";
import { removeDirectory, removeEntry } from "./tree/remove.ts";
import { rename } from "./tree/rename.ts";
import { setAttrsOf } from "./set_attrs.ts";
import { figuresOf } from "./space.ts";
import { Sweeper } from "./repair/sweeper.ts";
import { type Place, Tree } from "./tree/tree.ts";

/**
 * A bucket of GridFS as a tree of files. It behaves as POSIX says, except for what a database does
 * not have: there are no hard links, and a directory's times are those of its creation.
 */
export class GridFsStorage implements Storage<GridFsFile> {
  /** Links are followed here, so `..` is resolved here. */
  readonly resolvesParents = true;
  /** Whether something decides about uploads. */
  readonly decidesOnClose: boolean;
  /** All extensions except hard links and names of owners. */
  readonly extensions: StorageExtensions<GridFsFile>;

  readonly #bucket: Bucket;
  readonly #host: FileHost;
  readonly #umask: number;
  readonly #newFiles = new NewFiles<GridFsFile>();
  readonly #sweeper: Sweeper;
  readonly #ending = new AbortController();

  /** A storage on a bucket; closing it ends the bucket's connection. */
  constructor(bucket: Bucket, options: GridFsOptions) {
    this.#bucket = bucket;
    this.#umask = options.umask ?? 0o022;
    this.decidesOnClose = options.beforePublish !== undefined;
    this.#host = {
      bucket,
      journal: new Journal(bucket),
      tree: new Tree(bucket),
      owner: { uid: options.uid ?? 0, gid: options.gid ?? 0 },
      ending: this.#ending.signal,
      beforePublish: options.beforePublish,
      closed: (file) => this.#newFiles.delete(file),
    };
    this.extensions = this.#offered();
    this.#sweeper = new Sweeper(this.#host, options.log);
  }

  /**
   * Connects to a deployment.
   *
   * @throws {StorageError} If it does not answer, or refuses this user.
   */
  static async open(uri: string, options: GridFsOptions = {}): Promise<GridFsStorage> {
    return new GridFsStorage(await connect(uri, options).catch(fail), options);
  }

  /** Opens a file. */
  open(path: VirtualPath, options: OpenOptions): Promise<GridFsFile> {
    return this.#ask(async () => {
      const mustBeNew = options.create && options.exclusive;
      const place = await this.#host.tree.walk(path, {
        follow: !mustBeNew,
        makesFile: options.create,
      });
      const { entry } = place;
      const pending = entry === undefined ? this.#newFiles.at(place.path) : undefined;
      if ((entry ?? pending) !== undefined && mustBeNew) throw errorOf("EEXIST");
      if (entry?.kind === "directory") throw errorOf("EISDIR");
      if (entry !== undefined && place.slash) throw errorOf("ENOTDIR");
      if (entry === undefined && !options.create) throw errorOf("ENOENT");
      // What cannot be read can still be overwritten as a whole.
      if (entry?.kind === "file" && !options.truncate) layoutOf(entry.doc);
      const file = new GridFsFile(this.#host, options, {
        path: place.path,
        doc: entry?.kind === "file" ? entry.doc : undefined,
        metadata: this.#metadataOfNew(options.attrs.permissions ?? DEFAULT_FILE_MODE),
      });
      if (file.isNew) this.#newFiles.add(file);
      return file;
    });
  }

  /** Opens a directory for listing; `.` and `..` are in it. */
  openDir(path: VirtualPath): Promise<DirHandle> {
    return this.#ask(async () => {
      const { tree, owner } = this.#host;
      const { path: directory, entry } = await tree.find(path, { follow: true });
      if (entry.kind !== "directory") throw errorOf("ENOTDIR");
      const above = await tree.entry(parentOf(directory));
      const dots = [
        { name: ".", attrs: attrsOf(entry, owner) },
        { name: "..", attrs: attrsOf(above ?? entry, owner) },
      ];
      return new Listing(this.#bucket, directory, { owner, dots });
    });
  }

  /** Attributes of what `path` leads to. */
  stat(path: VirtualPath): Promise<FileAttrs> {
    return this.#ask(() => this.#attrsAt(path, true));
  }

  /** Attributes of `path` itself, even if it is a link. */
  lstat(path: VirtualPath): Promise<FileAttrs> {
    return this.#ask(() => this.#attrsAt(path, false));
  }

  /** Changes what is present in `attrs`. */
  setAttrs(path: VirtualPath, attrs: FileAttrs): Promise<void> {
    return this.#ask(() => this.#setAttrsAt(path, attrs, true));
  }

  /** The path without links, `.` and `..`; its last segment may not exist. */
  realPath(path: VirtualPath): Promise<VirtualPath> {
    return this.#ask(async () => {
      const place = await this.#host.tree.walk(path, { follow: true });
      if (place.slash && place.entry === undefined) throw errorOf("ENOENT");
      if (place.slash && place.entry?.kind !== "directory") throw errorOf("ENOTDIR");
      return place.path;
    });
  }

  /** The text of a link. */
  readLink(path: VirtualPath): Promise<string> {
    return this.#ask(async () => {
      const { entry } = await this.#host.tree.find(path, { follow: false });
      if (entry.kind !== "link") throw errorOf("EINVAL");
      return targetOf(entry.node);
    });
  }

  /** Makes the link `link` with the text `target`. */
  symlink(target: string, link: VirtualPath): Promise<void> {
    return this.#ask(async () => {
      if (target === "") throw errorOf("ENOENT");
      refuseUnusable(link);
      refuseUnusableTarget(target);
      const place = await this.#vacancy(link);
      if (place.slash) throw errorOf("ENOENT");
      await this.#makeNode(place, { ...this.#metadataOfNew(0o777), mode: 0o777 }, target);
    });
  }

  /** Makes a directory, with the permissions 0777 by default. */
  mkdir(path: VirtualPath, attrs: FileAttrs): Promise<void> {
    return this.#ask(async () => {
      const place = await this.#vacancy(path);
      await this.#makeNode(place, this.#metadataOfNew(attrs.permissions ?? DEFAULT_DIRECTORY_MODE));
    });
  }

  /** Removes an empty directory. */
  rmdir(path: VirtualPath): Promise<void> {
    return this.#ask(async () => {
      const place = await this.#host.tree.walk(path, { follow: false });
      await removeDirectory(this.#host, place);
    });
  }

  /** Removes a file or a link. */
  remove(path: VirtualPath): Promise<void> {
    return this.#ask(async () => {
      const place = await this.#host.tree.walk(path, { follow: false });
      const pending = this.#newFiles.at(place.path);
      if (place.entry === undefined && pending !== undefined) {
        pending.isRemoved = true;
        return;
      }
      await removeEntry(this.#host, place);
    });
  }

  /** Renames; fails if `to` exists. */
  rename(from: VirtualPath, to: VirtualPath): Promise<void> {
    return this.#ask(() => this.#rename(from, to, { replace: false }));
  }

  /** Ends the use of this storage, and the connection if this storage opened it. */
  async close(): Promise<void> {
    this.#ending.abort(sessionEnded());
    await this.#sweeper.close();
    this.#host.journal.close();
    await this.#bucket.link.close();
  }

  #offered(): StorageExtensions<GridFsFile> {
    return {
      posixRename: (from, to) => this.#ask(() => this.#rename(from, to, { replace: true })),
      setLinkAttrs: (path, attrs) => this.#ask(() => this.#setAttrsAt(path, attrs, false)),
      statVfs: (path) =>
        this.#ask(async () => {
          await this.#host.tree.find(path, { follow: true });
          return await figuresOf(this.#bucket);
        }),
      fileStatVfs: () => this.#ask(() => figuresOf(this.#bucket)),
      fsync: (file) => file.flush(),
      copyData: (range) => this.#ask(() => GridFsFile.copy(range)),
    };
  }

  /** Does the work, and reports the database's failures as the storage's. */
  async #ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      fail(error);
    }
  }

  async #attrsAt(path: VirtualPath, follow: boolean): Promise<FileAttrs> {
    const found = await this.#find(path, follow);
    return found instanceof GridFsFile
      ? await found.stat()
      : attrsOf(found.entry, this.#host.owner);
  }

  /** What is at `path`; if there is nothing yet, the session's own new file. */
  async #find(
    path: VirtualPath,
    follow: boolean,
  ): Promise<GridFsFile | { readonly path: VirtualPath; readonly entry: Entry }> {
    const place = await this.#host.tree.walk(path, { follow: follow || path.endsWith("/") });
    const entry = place.entry ?? this.#newFiles.at(place.path);
    if (entry === undefined) throw errorOf("ENOENT");
    const isDirectory = !(entry instanceof GridFsFile) && entry.kind === "directory";
    if (place.slash && !isDirectory) throw errorOf("ENOTDIR");
    return entry instanceof GridFsFile ? entry : { path: place.path, entry };
  }

  async #setAttrsAt(path: VirtualPath, attrs: FileAttrs, follow: boolean): Promise<void> {
    const found = await this.#find(path, follow);
    if (found instanceof GridFsFile) await found.setAttrs(attrs);
    else await setAttrsOf(this.#host, found, attrs);
  }

  /** The place of a new entry: fails if there is one already. */
  async #vacancy(path: VirtualPath): Promise<Place> {
    const place = await this.#host.tree.walk(path, { follow: false });
    if (place.entry !== undefined) throw errorOf("EEXIST");
    return place;
  }

  async #makeNode({ path }: Place, metadata: Metadata, target?: string): Promise<void> {
    const { tree } = this.#host;
    await withNamesLocked(this.#host, [path], async () => {
      if (await tree.entry(path) !== undefined) throw errorOf("EEXIST");
      await keepDirectory(this.#bucket, parentOf(path));
      await this.#bucket.nodes.insert(newNode(path, metadata, target));
    });
  }

  async #rename(
    from: VirtualPath,
    to: VirtualPath,
    options: { readonly replace: boolean },
  ): Promise<void> {
    const { tree } = this.#host;
    const [source, target] = await Promise.all([
      tree.walk(from, { follow: false }),
      tree.walk(to, { follow: false }),
    ]);
    const pending = this.#newFiles.at(source.path);
    if (source.entry === undefined && pending !== undefined) {
      if (target.entry !== undefined && !options.replace) throw errorOf("EEXIST");
      pending.path = target.path;
      return;
    }
    await rename(this.#host, source, target, options);
    this.#newFiles.move(source.path, target.path);
  }

  #metadataOfNew(permissions: number): Metadata {
    const now = this.#bucket.now();
    const mode = permissions & PERMISSION_BITS & ~this.#umask;
    return { mode, ...this.#host.owner, atime: now, mtime: now };
  }
}
