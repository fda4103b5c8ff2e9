/**
 * A storage in memory, for tests and for trees that need not outlive their
 * process.
 *
 * @module
 */

import {
  DEFAULT_DIRECTORY_MODE,
  DEFAULT_FILE_MODE,
  type FileAttrs,
  PERMISSION_BITS,
} from "../../attrs.ts";
import { memoryExtensions } from "./extensions.ts";
import { errorOf } from "../errno.ts";
import { MemoryFile } from "./file.ts";
import { Listing, type OwnerTables } from "./listing.ts";
import { DirectoryNode, FileNode, LinkNode, type NodeOrigin } from "./node.ts";
import { rename } from "./rename.ts";
import { Space } from "./space.ts";
import { type Place, refuseLongPath, Tree } from "./tree.ts";
import type {
  DirHandle,
  OpenOptions,
  Storage,
  StorageExtensions,
  UsageSupport,
  VirtualPath,
} from "../storage.ts";

export { MemoryFile } from "./file.ts";

const MIB = 1024 * 1024;

/** Limits and defaults of a {@linkcode MemoryStorage}. */
export interface MemoryStorageOptions {
  /** Most bytes in all files and link texts together; 256 MiB by default. */
  readonly maxBytes?: number;
  /** Most files, directories and links together; a million by default. */
  readonly maxNodes?: number;
  /** Permission bits that no new file or directory gets; 022 by default. */
  readonly umask?: number;
  /** Owner of everything new, by number; 0 by default. */
  readonly uid?: number;
  /** Group of everything new, by number; 0 by default. */
  readonly gid?: number;
  /** Users' names by number. */
  readonly users?: ReadonlyMap<number, string>;
  /** Groups' names by number. */
  readonly groups?: ReadonlyMap<number, string>;
  /** Now, in milliseconds since 1970; `Date.now` by default. */
  readonly clock?: () => number;
}

/**
 * A tree of files in memory that behaves like a Linux file system, including its
 * links and errors, and answers synchronously. It starts with an empty root.
 *
 * Every client may do everything: permissions are stored and reported, not
 * enforced. Reading does not change the time of access.
 *
 * @example
 * ```ts
 * import { MemoryStorage } from "./memory.ts";
 *
 * const storage = new MemoryStorage({ maxBytes: 1024 });
 * storage.mkdir("/in", {});
 * storage.symlink("in", "/out");
 * storage.realPath("/out/new"); // "/in/new"
 * ```
 */
export class MemoryStorage implements Storage<MemoryFile> {
  /** This storage follows links, so it resolves `..` too. */
  readonly resolvesParents = true;
  /** All extensions of the contract. */
  readonly extensions: StorageExtensions<MemoryFile>;

  readonly #tree: Tree;
  readonly #space: Space;
  readonly #umask: number;
  readonly #owner: { readonly uid: number; readonly gid: number };
  readonly #owners: OwnerTables;
  /** Now, in whole seconds since 1970. */
  readonly #time: () => number;

  /**
   * Makes an empty tree.
   *
   * @throws {RangeError} If a limit is not a whole number.
   */
  constructor(options: MemoryStorageOptions = {}) {
    const { maxBytes = 256 * MIB, maxNodes = 1_000_000 } = options;
    this.#space = new Space({ maxBytes, maxNodes });
    this.#umask = options.umask ?? 0o022;
    this.#owner = { uid: options.uid ?? 0, gid: options.gid ?? 0 };
    this.#owners = { users: options.users ?? new Map(), groups: options.groups ?? new Map() };
    const clock = options.clock ?? Date.now;
    this.#time = () => Math.floor(clock() / 1000);
    const root = new DirectoryNode(this.#origin(0o777));
    this.#tree = new Tree(root, this.#space, this.#time);
    this.extensions = memoryExtensions({
      tree: this.#tree,
      owners: this.#owners,
      time: this.#time,
    });
  }

  /** What its nodes take: the sizes of files and link texts. */
  get usage(): UsageSupport<MemoryFile> {
    return {
      nameBytes: 0,
      ofPath: (path, options) => this.#tree.find(path, options).usage,
      ofFile: (file) => file.usage(),
    };
  }

  /** Opens a file. */
  open(path: VirtualPath, options: OpenOptions): MemoryFile {
    const mustBeNew = options.create && options.exclusive;
    const place = this.#tree.walk(path, { follow: !mustBeNew, makesFile: options.create });
    if (place.node !== undefined && mustBeNew) throw errorOf("EEXIST");
    if (place.node instanceof DirectoryNode) throw errorOf("EISDIR");
    const node = place.node ?? this.#create(place, options);
    if (!(node instanceof FileNode) || place.slash) throw errorOf("ENOTDIR");
    if (options.truncate) node.truncate(0, this.#time());
    return new MemoryFile(node, options, {
      time: this.#time,
      closed: (node) => this.#tree.release(node),
    });
  }

  /** Opens a directory for listing; `.` and `..` are in it. */
  openDir(path: VirtualPath): DirHandle {
    return new Listing(this.#tree.findDirectory(path), this.#owners);
  }

  /** Attributes of what `path` leads to. */
  stat(path: VirtualPath): FileAttrs {
    return this.#tree.find(path, { follow: true }).attrs;
  }

  /** Like `stat`, but attributes of a link itself. */
  lstat(path: VirtualPath): FileAttrs {
    return this.#tree.find(path, { follow: false }).attrs;
  }

  /** Changes what is present in `attrs`. */
  setAttrs(path: VirtualPath, attrs: FileAttrs): void {
    this.#tree.find(path, { follow: true }).setAttrs(attrs, this.#time());
  }

  /** The path without links, `.` and `..`; its last segment may not exist. */
  realPath(path: VirtualPath): VirtualPath {
    return this.#tree.realPath(path);
  }

  /** The text of a link. */
  readLink(path: VirtualPath): string {
    const node = this.#tree.find(path, { follow: false });
    if (!(node instanceof LinkNode)) throw errorOf("EINVAL");
    return node.target;
  }

  /** Makes the link `link` with the text `target`. */
  symlink(target: string, link: VirtualPath): void {
    if (target === "") throw errorOf("ENOENT");
    refuseLongPath(target);
    const place = this.#tree.vacancy(link);
    if (place.slash) throw errorOf("ENOENT");
    const node = new LinkNode({ ...this.#origin(0), permissions: 0o777 }, target);
    this.#space.takeNode(node.size);
    this.#tree.attach(place, node);
  }

  /** Makes a directory, with permissions 0777 by default. */
  mkdir(path: VirtualPath, attrs: FileAttrs): void {
    const place = this.#tree.vacancy(path);
    this.#space.takeNode();
    this.#tree.attach(
      place,
      new DirectoryNode(this.#origin(attrs.permissions ?? DEFAULT_DIRECTORY_MODE)),
    );
  }

  /** Removes an empty directory. */
  rmdir(path: VirtualPath): void {
    const place = this.#tree.walk(path, { follow: false });
    if (place.name === "") throw errorOf("EBUSY");
    if (place.name === ".") throw errorOf("EINVAL");
    if (place.node === undefined) throw errorOf("ENOENT");
    if (!(place.node instanceof DirectoryNode)) throw errorOf("ENOTDIR");
    if (place.name === ".." || place.node.entries.size > 0) throw errorOf("ENOTEMPTY");
    this.#tree.detach(place);
  }

  /** Removes a file or a link. */
  remove(path: VirtualPath): void {
    const place = this.#tree.walk(path, { follow: false });
    if (place.node === undefined) throw errorOf("ENOENT");
    if (place.node instanceof DirectoryNode) throw errorOf("EISDIR");
    if (place.slash) throw errorOf("ENOTDIR");
    this.#tree.detach(place);
  }

  /** Renames; fails if `to` exists. */
  rename(from: VirtualPath, to: VirtualPath): void {
    rename(this.#tree, from, to, { replace: false });
  }

  /** Does nothing: the tree lives as long as this storage is referenced. */
  close(): void {}

  #create(place: Place, options: OpenOptions): FileNode {
    if (!options.create) throw errorOf("ENOENT");
    this.#space.takeNode();
    const node = new FileNode(
      this.#origin(options.attrs.permissions ?? DEFAULT_FILE_MODE),
      this.#space,
    );
    this.#tree.attach(place, node);
    return node;
  }

  #origin(permissions: number): NodeOrigin {
    return {
      ...this.#owner,
      permissions: permissions & PERMISSION_BITS & ~this.#umask,
      time: this.#time(),
    };
  }
}
