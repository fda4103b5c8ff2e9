/**
 * One directory of the far side as the client's root. SFTP has no way to resolve
 * a path below a directory, so it is resolved here, step by step: a path that is
 * sent to the far side contains no link. A user who can change the tree on the
 * far side at the same moment can put a link into a path between the look and
 * the use.
 *
 * @module
 */

import type { SftpClient } from "../../client/client.ts";
import { SftpStatusError } from "../../client/errors.ts";
import { isDirectory, isSymlink } from "../../attrs.ts";
import { errorOf } from "../errno.ts";
import { StorageError } from "../errors.ts";
import { childOf } from "../path.ts";
import type { FileAttrs, VirtualPath } from "../storage.ts";
import { LinkWalk } from "../walk.ts";
import type { FarPath, FarPaths } from "./far_paths.ts";

/** Names that are looked at in one round trip. */
const SEGMENTS_AHEAD = 16;

const NO_SUCH_FILE = 2;

/**
 * Opens a directory of the far side as a root.
 *
 * @param path Its path there; a relative one starts where the session starts.
 * @throws {StorageError} If it is not a directory.
 * @throws {SftpStatusError} If the far side refuses it.
 */
export async function openFarRoot(client: SftpClient, path: string): Promise<FarRoot> {
  const root = await client.realPath(path);
  if (!isDirectory(await client.stat(root))) {
    throw new StorageError("failure", `${path} is not a directory`);
  }
  return new FarRoot(client, root, path);
}

/** A directory of the far side that neither a path nor a link leads out of. */
export class FarRoot implements FarPaths {
  /** The client sees only this directory. */
  readonly confined = true;
  /** The directory's path on the far side, without links. */
  readonly root: string;
  readonly #client: SftpClient;
  readonly #spellings: readonly string[];

  /** Called by {@linkcode openFarRoot}. */
  constructor(client: SftpClient, root: string, given: string) {
    this.#client = client;
    this.root = root;
    this.#spellings = given.startsWith("/") && given !== "/" ? [root, trimmed(given)] : [root];
  }

  /** The path of what `path` leads to, inside the root. */
  async follow(path: VirtualPath): Promise<FarPath> {
    return this.#found(await this.#walk(path, true));
  }

  /** The path of the name itself, inside the root. */
  async entry(path: VirtualPath): Promise<FarPath> {
    return this.#found(await this.#walk(path, path.endsWith("/")));
  }

  /** Like {@linkcode entry}; the root itself cannot be changed. */
  async change(path: VirtualPath): Promise<FarPath> {
    const plain = trimmed(path);
    if (plain === "" || plain.endsWith("/..")) throw errorOf("EBUSY");
    const walk = await this.#walk(plain, false);
    const slash = path.endsWith("/");
    // Some systems, though not Linux, would change what the link leads to.
    if (slash && walk.at !== undefined && isSymlink(walk.at)) throw errorOf("ENOTDIR");
    return this.#farPath({ path: walk.path, slash });
  }

  /** The path without links, from the root on. */
  async realPath(path: VirtualPath): Promise<VirtualPath> {
    const walk = await this.#walk(path, true);
    const attrs = attrsAt(walk);
    if (walk.slash && attrs !== undefined && !isDirectory(attrs)) throw errorOf("ENOTDIR");
    return walk.path;
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

  #found(walk: LinkWalk<FileAttrs>): FarPath {
    return this.#farPath({ path: walk.path, slash: walk.slash, attrs: attrsAt(walk) });
  }

  #farPath({ path, slash, attrs }: {
    readonly path: VirtualPath;
    readonly slash: boolean;
    readonly attrs?: FileAttrs | undefined;
  }): FarPath {
    if (path === "/") return { far: this.root, isRoot: true };
    const far = this.#below(path);
    return slash ? { far: far + "/" } : { far, attrs };
  }

  #below(path: string): string {
    return this.root === "/" ? path : this.root + path;
  }

  /** Resolves a path; `follow` tells whether a link at its end is followed. */
  async #walk(path: VirtualPath, follow: boolean): Promise<LinkWalk<FileAttrs>> {
    const walk = new LinkWalk<FileAttrs>(path, { follow, leadsOut });
    for (;;) {
      const names = walk.ahead(SEGMENTS_AHEAD);
      if (names.length === 0) return walk;
      for (const { far, attrs } of this.#lookAhead(walk.path, names)) {
        const found = await this.#attrsNext(walk, attrs);
        if (found === undefined) {
          walk.missing();
        } else if (isSymlink(found) && walk.follows) {
          walk.link(await this.#textAt(far));
          break;
        } else {
          // Of what tells no type, and of a file, the far side says whether something is below it.
          walk.found(found, isDirectory(found) ? "directory" : "unknown");
        }
      }
    }
  }

  /** Asks for the attributes of names, each in the one before, at once. */
  #lookAhead(directory: VirtualPath, names: readonly string[]) {
    let path = directory;
    return names.map((name) => {
      path = childOf(path, name);
      const far = this.#below(path);
      const attrs = this.#client.lstat(far);
      // It is awaited when its turn comes, if it comes at all.
      attrs.catch(() => undefined);
      return { far, attrs };
    });
  }

  /** What LSTAT says of the next name; undefined where it is the last, and is yet to be made. */
  async #attrsNext(
    walk: LinkWalk<FileAttrs>,
    attrs: Promise<FileAttrs>,
  ): Promise<FileAttrs | undefined> {
    try {
      return await attrs;
    } catch (error) {
      if (!walk.isLast || !walk.isInDirectory || !isMissing(error)) throw error;
      return undefined;
    }
  }

  /** The text of a link from the root on. */
  async #textAt(far: string): Promise<string> {
    const text = await this.#client.readLink(far);
    if (!text.startsWith("/")) return text;
    const inside = this.#inside(text) ?? this.#inside(await this.#real(text));
    if (inside === undefined) throw leadsOut();
    // A real path has no closing slash, and asks for a directory all the same.
    return text.endsWith("/") ? inside + "/" : inside || "/";
  }

  /** The far side's resolution of an absolute link; one that it cannot resolve leads out. */
  async #real(text: string): Promise<string> {
    try {
      return await this.#client.realPath(text);
    } catch (error) {
      if (error instanceof SftpStatusError) throw leadsOut();
      throw error;
    }
  }

  /** An absolute path of the far side relative to the root; undefined if it is not below it. */
  #inside(path: string): string | undefined {
    for (const spelling of this.#spellings) {
      const prefix = spelling === "/" ? "" : spelling;
      if (path === prefix || path.startsWith(prefix + "/")) return path.slice(prefix.length);
    }
    return undefined;
  }
}

/** What LSTAT says of where a path leads, if it was asked: no `..` is looked at. */
function attrsAt({ name, at }: LinkWalk<FileAttrs>): FileAttrs | undefined {
  return name === ".." ? undefined : at;
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

function isMissing(error: unknown): boolean {
  return error instanceof SftpStatusError && error.code === NO_SUCH_FILE;
}

function leadsOut(): StorageError {
  return new StorageError("denied", "the link leads out of the root");
}
