import { encodeName } from "../../names.ts";
import { childOf } from "../path.ts";
import type { VirtualPath } from "../storage.ts";
import { errorOf } from "../errno.ts";
import { isNamed, LinkWalk, type LinkWalkOptions } from "../walk.ts";
import { DirectoryNode, FileNode, LinkNode, type TreeNode } from "./node.ts";
import type { Space } from "./space.ts";

/** Bytes in a name, as Linux's `NAME_MAX`. */
export const NAME_MAX = 255;
/** Bytes in a path, as Linux's `PATH_MAX` less its NUL. */
const PATH_MAX = 4095;

/** Where a path leads: a name in a directory, and what has that name. */
export interface Place {
  readonly directory: DirectoryNode;
  /** The last name; empty for the root, `.` or `..` if the path ends so. */
  readonly name: string;
  readonly node: TreeNode | undefined;
  /** The path ends in `/`: it asks for a directory. */
  readonly slash: boolean;
}

/** Nodes by name, and the resolution of paths to them, as Linux does it. */
export class Tree {
  readonly root: DirectoryNode;
  readonly space: Space;
  readonly #time: () => number;

  /**
   * @param root Holds everything.
   * @param space Gets back the space of what is removed.
   * @param time Now, in whole seconds since 1970.
   */
  constructor(root: DirectoryNode, space: Space, time: () => number) {
    this.root = root;
    this.root.links++;
    this.space = space;
    this.#time = time;
  }

  /** Walks to the place of `path`. */
  walk(path: VirtualPath, options: LinkWalkOptions): Place {
    refuseLongPath(path);
    const walk = new LinkWalk<TreeNode>(path, options);
    for (let name = walk.next(); name !== undefined; name = walk.next()) {
      const node = lookUp(this.#directory(walk.at), name);
      if (node === undefined) walk.missing();
      else if (node instanceof LinkNode && walk.follows) walk.link(node.target);
      else walk.found(node, node instanceof DirectoryNode ? "directory" : "other");
    }
    const { name, slash } = walk;
    const node = isNamed(walk) ? walk.at : this.#directory(walk.at);
    return { directory: this.#directory(walk.parent), name, node, slash };
  }

  /** What is at `path`; a link is followed on demand, and if a `/` follows it. */
  find(path: VirtualPath, options: { readonly follow: boolean }): TreeNode {
    const { node, slash } = this.walk(path, { follow: options.follow || path.endsWith("/") });
    if (slash) return asDirectory(node);
    if (node === undefined) throw errorOf("ENOENT");
    return node;
  }

  /** The directory at `path`. */
  findDirectory(path: VirtualPath): DirectoryNode {
    return asDirectory(this.find(path, { follow: true }));
  }

  /** The place of a new node; fails if something is there. */
  vacancy(path: VirtualPath): Place {
    const place = this.walk(path, { follow: false });
    if (place.node !== undefined) throw errorOf("EEXIST");
    return place;
  }

  /** Gives a node the name of a vacant place. */
  attach({ directory, name }: Place, node: TreeNode): void {
    if (node instanceof DirectoryNode) {
      node.parent = directory;
      node.name = name;
      directory.links++;
    }
    node.links++;
    directory.entries.set(name, node);
    directory.mtime = this.#time();
  }

  /** Removes a node's name; a node without names is gone when no handle has it open. */
  detach(place: Place): void {
    const node = this.#unname(place);
    // A directory loses its own `.` with its only name.
    if (node instanceof DirectoryNode) node.links = 0;
    this.release(node);
  }

  /** Moves what is at `from` to the place `to`, and replaces what is there. */
  move(from: Place, to: Place): void {
    if (to.node !== undefined) this.detach(to);
    this.attach(to, this.#unname(from));
  }

  /** Gives the space of a node back once it has neither names nor handles. */
  release(node: TreeNode): void {
    if (node.links > 0) return;
    if (node instanceof FileNode && node.handles > 0) return;
    this.space.giveNode(node.size);
  }

  /** Like realpath(3), except that the last name may not exist. */
  realPath(path: VirtualPath): VirtualPath {
    const { directory, name, node, slash } = this.walk(path, { follow: true });
    if (slash || node instanceof DirectoryNode) return this.#pathOf(asDirectory(node));
    return childOf(this.#pathOf(directory), name);
  }

  /** What a walk has reached, which is undefined at the root. */
  #directory(node: TreeNode | undefined): DirectoryNode {
    return node === undefined ? this.root : asDirectory(node);
  }

  #pathOf(directory: DirectoryNode): VirtualPath {
    const names: string[] = [];
    for (let at = directory; at !== this.root; at = at.parent) names.push(at.name);
    return "/" + names.reverse().join("/");
  }

  #unname({ directory, name, node }: Place): TreeNode {
    if (node === undefined) throw errorOf("ENOENT");
    directory.entries.delete(name);
    directory.mtime = this.#time();
    if (node instanceof DirectoryNode) directory.links--;
    node.links--;
    return node;
  }
}

/** Fails if a path, or a link's text, is longer than Linux allows. */
export function refuseLongPath(path: string): void {
  if (byteLength(path, PATH_MAX) > PATH_MAX) throw errorOf("ENAMETOOLONG");
}

function lookUp(directory: DirectoryNode, name: string): TreeNode | undefined {
  if (byteLength(name, NAME_MAX) > NAME_MAX) throw errorOf("ENAMETOOLONG");
  return directory.entries.get(name);
}

function asDirectory(node: TreeNode | undefined): DirectoryNode {
  if (node === undefined) throw errorOf("ENOENT");
  if (!(node instanceof DirectoryNode)) throw errorOf("ENOTDIR");
  return node;
}

/** Length of a name in bytes; the number of characters, if that already decides. */
function byteLength(name: string, limit: number): number {
  const isDecided = name.length > limit || name.length * 3 <= limit;
  return isDecided ? name.length : encodeName(name).length;
}
