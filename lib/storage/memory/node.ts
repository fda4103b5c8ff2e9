/**
 * The nodes of a tree in memory: files, directories and links. A node does not
 * know its names, except that a directory knows its only one.
 *
 * @module
 */

import { type FileAttrs, FileType, PERMISSION_BITS } from "../../attrs.ts";
import { encodeName } from "../../names.ts";
import { Content } from "./content.ts";
import { errorOf } from "../errno.ts";
import type { NodeUsage } from "../storage.ts";
import type { Space } from "./space.ts";

/** Any node. */
export type TreeNode = FileNode | DirectoryNode | LinkNode;

/** The initial attributes of a node. */
export interface NodeOrigin {
  /** Permission bits, without the type. */
  readonly permissions: number;
  readonly uid: number;
  readonly gid: number;
  /** Both times: seconds since 1970. */
  readonly time: number;
}

/** How many nodes have been made. */
let nodes = 0;

/** What all nodes have. */
abstract class BaseNode {
  /** Permission bits, without the type. */
  permissions: number;
  uid: number;
  gid: number;
  /** Seconds since 1970; set by clients alone, as on a file system mounted with `noatime`. */
  atime: number;
  /** Seconds since 1970. */
  mtime: number;
  /** Names that lead here; a node without any is gone once no handle has it open. */
  links = 0;
  readonly #type: number;
  readonly #identity = String(++nodes);

  constructor(type: number, origin: NodeOrigin) {
    this.#type = type;
    this.permissions = origin.permissions;
    this.uid = origin.uid;
    this.gid = origin.gid;
    this.atime = origin.time;
    this.mtime = origin.time;
  }

  /** Bytes, as `stat` reports them. */
  abstract readonly size: number;

  /** What the node takes. */
  get usage(): NodeUsage {
    const isDirectory = this.#type === FileType.DIRECTORY;
    const { size } = this;
    return { bytes: size, size, identity: this.#identity, links: isDirectory ? 1 : this.links };
  }

  /** The attributes that `stat` reports. */
  get attrs(): FileAttrs {
    return {
      size: this.size,
      uid: this.uid,
      gid: this.gid,
      permissions: this.#type | this.permissions,
      atime: this.atime,
      mtime: this.mtime,
    };
  }

  /**
   * Changes what is present in `attrs`, each part independently.
   *
   * @param time The new time of change if the content changes, in seconds since 1970.
   * @throws {StorageError} The last failure; the other parts are changed anyway.
   */
  setAttrs(attrs: FileAttrs, time: number): void {
    let failure: unknown;
    if (attrs.size !== undefined) {
      try {
        this.truncate(attrs.size, time);
      } catch (error) {
        failure = error;
      }
    }
    if (attrs.permissions !== undefined) this.permissions = attrs.permissions & PERMISSION_BITS;
    this.atime = attrs.atime ?? this.atime;
    this.mtime = attrs.mtime ?? this.mtime;
    this.uid = attrs.uid ?? this.uid;
    this.gid = attrs.gid ?? this.gid;
    if (failure !== undefined) throw failure;
  }

  /** Sets the length in bytes, if the node has one to set. */
  abstract truncate(size: number, time: number): void;
}

/** A regular file. */
export class FileNode extends BaseNode {
  readonly content: Content;
  /** Handles that have it open. */
  handles = 0;

  constructor(origin: NodeOrigin, space: Space) {
    super(FileType.REGULAR, origin);
    this.content = new Content(space);
  }

  override get size(): number {
    return this.content.length;
  }

  override truncate(size: number, time: number): void {
    this.content.resize(size);
    this.mtime = time;
  }
}

export class DirectoryNode extends BaseNode {
  readonly entries: Map<string, TreeNode> = new Map();
  /** The directory that holds this one; the root holds itself. */
  parent: DirectoryNode = this;
  /** Its name there; the root has none. */
  name = "";
  /** `.`, the name in the parent and every subdirectory's `..`. */
  override links = 1;
  override readonly size = 0;

  constructor(origin: NodeOrigin) {
    super(FileType.DIRECTORY, origin);
  }

  override truncate(): never {
    throw errorOf("EISDIR");
  }
}

/** A symbolic link. */
export class LinkNode extends BaseNode {
  /** The text, unchanged. */
  readonly target: string;
  override readonly size: number;

  constructor(origin: NodeOrigin, target: string) {
    super(FileType.SYMLINK, origin);
    this.target = target;
    this.size = encodeName(target).length;
  }

  override truncate(): never {
    throw errorOf("EINVAL");
  }
}

/** Whether a directory is `other` or is anywhere below it. */
export function isWithin(directory: DirectoryNode, other: DirectoryNode): boolean {
  let at = directory;
  while (at !== other && at.parent !== at) at = at.parent;
  return at === other;
}
