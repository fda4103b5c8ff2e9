/**
 * One directory of the far side as the client's root. SFTP has no way to have
 * a path resolved below a directory, so it is resolved here, step by step: a
 * path that goes to the far side holds no link. Whoever can change the tree
 * on the far side at the same moment can put a link into a path between the
 * look and the use.
 *
 * @module
 */

import type { SftpClient } from "../../client/client.ts";
import { SftpStatusError } from "../../client/errors.ts";
import { isDirectory, isSymlink } from "../../attrs.ts";
import { StorageError } from "../errors.ts";
import type { FileAttrs, VirtualPath } from "../storage.ts";
import type { FarPath, FarPaths } from "./proxy_paths.ts";

/** Links that are followed in one path, as Linux does. */
const MAX_SYMLINKS = 40;

/** Segments that are looked at at once. */
const SEGMENTS_AHEAD = 16;

const NO_SUCH_FILE = 2;

/**
 * Opens a directory of the far side as a root.
 *
 * @param path Its path there; a relative one starts where the session starts.
 * @throws {StorageError} If it is no directory.
 * @throws {SftpStatusError} If the far side refuses it.
 */
export async function openFarRoot(client: SftpClient, path: string): Promise<FarRoot> {
  const root = await client.realPath(path);
  if (!isDirectory(await client.stat(root))) {
    throw new StorageError("failure", `${path} is not a directory`);
  }
  return new FarRoot(client, root, path);
}

/** A path on its way through the links. */
interface Walk {
  /** What is resolved: no link is among it. */
  readonly done: string[];
  /** What is left. */
  left: string[];
  /** How many of what is left a link has brought. */
  linked: number;
  links: number;
  /** A closing `/` asks for a directory. */
  closed: boolean;
  /** Whether the last that is done is known to be a directory, as the root is. */
  directory: boolean;
  /** What LSTAT says of the last that is done, where it was asked for. */
  attrs: FileAttrs | undefined;
}

/** A directory of the far side that no path and no link leads out of. */
export class FarRoot implements FarPaths {
  /** The client sees nothing else. */
  readonly confined = true;
  /** The directory's path on the far side, without links. */
  readonly root: string;
  readonly #client: SftpClient;
  readonly #spellings: readonly string[];

  /** Made by {@linkcode openFarRoot}. */
  constructor(client: SftpClient, root: string, given: string) {
    this.#client = client;
    this.root = root;
    this.#spellings = given.startsWith("/") && given !== "/" ? [root, trimmed(given)] : [root];
  }

  /** The path of what `path` leads to, inside the root. */
  async follow(path: VirtualPath): Promise<FarPath> {
    return this.#farPath(await this.#walk(path, true));
  }

  /** The path of the name itself, inside the root. */
  async entry(path: VirtualPath): Promise<FarPath> {
    return this.#farPath(await this.#walk(path, path.endsWith("/")));
  }

  /** As {@linkcode entry}; the root is nobody's to change. */
  async change(path: VirtualPath): Promise<FarPath> {
    const plain = trimmed(path);
    if (plain === "" || plain.endsWith("/..")) {
      throw new StorageError("failure", "in use by the system");
    }
    const walk = await this.#walk(plain, false);
    const closed = path.endsWith("/");
    // Some systems, though not Linux, would change what the link leads to.
    if (closed && walk.attrs !== undefined && isSymlink(walk.attrs)) throw noDirectory();
    return this.#farPath({ ...walk, closed, attrs: undefined });
  }

  /** The path without links, from the root on. */
  async realPath(path: VirtualPath): Promise<VirtualPath> {
    const { done, closed, attrs } = await this.#walk(path, true);
    if (closed && attrs !== undefined && !isDirectory(attrs)) throw noDirectory();
    return "/" + done.join("/");
  }

  /** An absolute link starts at the root for the client. */
  readText(text: string): string {
    if (!text.startsWith("/")) return text;
    const inside = this.#inside(text);
    if (inside === undefined) throw leadsOut();
    return inside === "" ? "/" : inside;
  }

  /** An absolute link starts at the root for the client, and elsewhere on the far side. */
  writeText(text: string): string {
    if (!text.startsWith("/")) return text;
    return text === "/" ? this.root : this.#below(text);
  }

  #farPath({ done, closed, attrs }: Walk): FarPath {
    if (done.length === 0) return { far: this.root, isRoot: true };
    const far = this.#below("/" + done.join("/"));
    return closed ? { far: far + "/" } : { far, attrs };
  }

  #below(path: string): string {
    return this.root === "/" ? path : this.root + path;
  }

  /** Resolves a path; `follow` tells whether a link at its end is followed. */
  async #walk(path: VirtualPath, follow: boolean): Promise<Walk> {
    const walk: Walk = {
      done: [],
      left: segmentsOf(path),
      linked: 0,
      links: 0,
      closed: path.endsWith("/") && path !== "/",
      directory: true,
      attrs: undefined,
    };
    while (walk.left.length > 0) {
      if (walk.left[0] === "..") stepUp(walk);
      else await this.#stepDown(walk, follow);
    }
    return walk;
  }

  /** Goes through the segments up to the next link or `..`, and looks at many of them at once. */
  async #stepDown(walk: Walk, follow: boolean): Promise<void> {
    const parent = walk.left.indexOf("..");
    const run = walk.left.slice(
      0,
      parent === -1 ? SEGMENTS_AHEAD : Math.min(parent, SEGMENTS_AHEAD),
    );
    let far = this.#below(walk.done.length === 0 ? "" : "/" + walk.done.join("/"));
    const looks = run.map((segment) => {
      far += "/" + segment;
      const look = this.#client.lstat(far);
      // It is met when its turn comes, if it comes at all.
      look.catch(() => undefined);
      return look;
    });
    for (const [index, segment] of run.entries()) {
      const last = walk.left.length === 1;
      let attrs: FileAttrs;
      try {
        attrs = await looks[index]!;
      } catch (error) {
        if (!last || !walk.directory || !isMissing(error)) throw error;
        // What is to be made is not there yet.
        walk.done.push(segment);
        walk.left = [];
        walk.directory = false;
        walk.attrs = undefined;
        return;
      }
      walk.left.shift();
      if (isSymlink(attrs) && (!last || follow)) {
        await this.#follow(walk, segment);
        return;
      }
      walk.linked = Math.max(0, walk.linked - 1);
      walk.done.push(segment);
      walk.directory = isDirectory(attrs);
      walk.attrs = attrs;
    }
  }

  async #follow(walk: Walk, segment: string): Promise<void> {
    if (++walk.links > MAX_SYMLINKS) {
      throw new StorageError("not-found", "too many links to follow");
    }
    const place = ["", ...walk.done, segment].join("/");
    const text = await this.#client.readLink(this.#below(place));
    if (text === "") throw new StorageError("not-found", "no such file");
    if (text.endsWith("/") && walk.left.length === 0) walk.closed = true;
    let target = text;
    if (text.startsWith("/")) {
      target = this.#inside(text) ?? this.#inside(await this.#real(text)) ?? out();
      walk.done.length = 0;
      walk.directory = true;
      walk.attrs = undefined;
    }
    const segments = segmentsOf(target);
    walk.linked = segments.length + Math.max(0, walk.linked - 1);
    walk.left = [...segments, ...walk.left];
  }

  /** What the far side makes of an absolute link; what it cannot resolve leads out for certain. */
  async #real(text: string): Promise<string> {
    try {
      return await this.#client.realPath(text);
    } catch (error) {
      if (error instanceof SftpStatusError) throw leadsOut();
      throw error;
    }
  }

  /** An absolute path of the far side from the root on; undefined where it is not below the root. */
  #inside(path: string): string | undefined {
    for (const spelling of this.#spellings) {
      const prefix = spelling === "/" ? "" : spelling;
      if (path === prefix || path.startsWith(prefix + "/")) return path.slice(prefix.length);
    }
    return undefined;
  }
}

/** Goes to the directory above: the client stops at the root, a link may not try. */
function stepUp(walk: Walk): void {
  if (walk.done.length === 0 && walk.linked > 0) throw leadsOut();
  if (!walk.directory) throw noDirectory();
  walk.done.pop();
  walk.left.shift();
  walk.linked = Math.max(0, walk.linked - 1);
  // What holds something is a directory.
  walk.directory = true;
  walk.attrs = undefined;
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

function isMissing(error: unknown): boolean {
  return error instanceof SftpStatusError && error.code === NO_SUCH_FILE;
}

function noDirectory(): StorageError {
  return new StorageError("not-found", "not a directory");
}

function out(): never {
  throw leadsOut();
}

function leadsOut(): StorageError {
  return new StorageError("denied", "the link leads out of the root");
}
