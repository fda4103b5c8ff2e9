import { errorOf } from "../../errno.ts";
import { childOf, parentOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import type { Bucket } from "../database/bucket.ts";
import type { FileDoc, NodeDoc } from "../database/documents.ts";
import { namesOf, prefixOf, rangeOf, refuseUnusable } from "./names.ts";
import { type Entry, entryOfNode, targetOf } from "./nodes.ts";

/** Links followed on one way, as Linux's `MAXSYMLINKS`. */
const MAX_SYMLINKS = 40;

/** Where a path leads: what is there, or would be, under a path without links. */
export interface Place {
  readonly path: VirtualPath;
  /** The last name, as it was sent; empty for the root, `..` where the way ends so. */
  readonly name: string;
  readonly entry: Entry | undefined;
  /** The path ends in `/`: it asks for a directory. */
  readonly slash: boolean;
}

/** How a way ends. */
export interface WalkOptions {
  /** A link in the last name is followed. */
  readonly follow: boolean;
  /** A file may be made of the last name, which must not ask for a directory then. */
  readonly makesFile?: boolean;
}

/** The way from paths to entries, with as few questions to the database as it takes. */
export class Tree {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Goes to the place of `path`, over links, as Linux goes. */
  async walk(path: VirtualPath, options: WalkOptions): Promise<Place> {
    refuseUnusable(path);
    const ahead = segmentsBackwards(path);
    let slash = path.endsWith("/");
    let at: VirtualPath = "/";
    let followed = 0;
    let name = "";
    for (;;) {
      while (ahead.at(-1) === "..") {
        name = ahead.pop()!;
        at = parentOf(at);
      }
      if (ahead.length === 0) return { path: at, name, entry: await this.#directory(at), slash };
      const run = popNames(ahead);
      const endsHere = ahead.length === 0;
      if (endsHere && slash && options.makesFile) throw errorOf("EISDIR");
      const found = await this.#look(at, run);
      for (const [index, entry] of found.entries()) {
        name = run[index]!;
        const isLast = endsHere && index === run.length - 1;
        if (entry?.kind === "link" && (options.follow || !isLast)) {
          if (++followed > MAX_SYMLINKS) throw errorOf("ELOOP");
          const target = targetOf(entry.node);
          if (isLast && target.endsWith("/")) slash = true;
          if (target.startsWith("/")) at = "/";
          ahead.push(...run.slice(index + 1).reverse(), ...segmentsBackwards(target));
          break;
        }
        if (isLast) return { path: childOf(at, name), name, entry, slash };
        if (entry === undefined) throw errorOf("ENOENT");
        if (entry.kind !== "directory") throw errorOf("ENOTDIR");
        at = childOf(at, name);
      }
    }
  }

  /** What is at `path`; a link is followed on demand, and where a `/` stands behind it. */
  async find(
    path: VirtualPath,
    options: { readonly follow: boolean },
  ): Promise<{ readonly path: VirtualPath; readonly entry: Entry }> {
    const place = await this.walk(path, { follow: options.follow || path.endsWith("/") });
    const { entry, slash } = place;
    if (entry === undefined) throw errorOf("ENOENT");
    if (slash && entry.kind !== "directory") throw errorOf("ENOTDIR");
    return { path: place.path, entry };
  }

  /** What has exactly this path. */
  async entry(path: VirtualPath): Promise<Entry | undefined> {
    if (path === "/") return await this.#directory(path);
    const [nodes, file] = await Promise.all([this.#nodes([path]), this.newest(path)]);
    const entry = entryOf(file, nodes.get(path));
    if (entry !== undefined) return entry;
    return await this.#isImplied(path) ? { kind: "directory", node: undefined } : undefined;
  }

  /** The file that a path means: of several with its name, the newest. */
  async newest(path: VirtualPath): Promise<FileDoc | undefined> {
    const [filename, sort] = [namesOf([path]), { uploadDate: -1 }] as const;
    const last = await this.#bucket.files.first({ filename }, { sort });
    if (last === undefined || last.uploadDate instanceof Date) return last;
    // Some of what is no date comes after every date; but dates count before it.
    const dated = { filename, uploadDate: { $type: "date" } } as const;
    return await this.#bucket.files.first(dated, { sort }) ?? last;
  }

  /** Whether there is nothing in a directory. */
  async isEmpty(directory: VirtualPath): Promise<boolean> {
    const [node, hasFiles] = await Promise.all([
      this.#bucket.nodes.first({ parent: directory }, { projection: { _id: 1 } }),
      this.#isImplied(directory),
    ]);
    return node === undefined && !hasFiles;
  }

  /** What has the names of `run`, each in the one before, beginning in the directory `at`. */
  async #look(at: VirtualPath, run: readonly string[]): Promise<(Entry | undefined)[]> {
    const paths: VirtualPath[] = [];
    for (const name of run) paths.push(childOf(paths.at(-1) ?? at, name));
    const last = paths.at(-1)!;
    const [nodes, file] = await Promise.all([this.#nodes(paths), this.newest(last)]);
    const entries = paths.map((path) => entryOf(path === last ? file : undefined, nodes.get(path)));
    const isOver = entries.some((entry, index) => entry?.kind === "link" && index < run.length - 1);
    if (entries.at(-1) === undefined && !isOver) await this.#lookFurther(paths, entries);
    // Above what is there, there are directories.
    const deepest = entries.findLastIndex((entry) => entry !== undefined);
    return entries.map((entry, index) =>
      entry ?? (index < deepest ? { kind: "directory", node: undefined } : undefined)
    );
  }

  /** Nothing has the last name as it stands: files may be below it, or one be in the way. */
  async #lookFurther(
    paths: readonly VirtualPath[],
    entries: (Entry | undefined)[],
  ): Promise<void> {
    const last = paths.length - 1;
    if (await this.#isImplied(paths[last]!)) {
      entries[last] = { kind: "directory", node: undefined };
      return;
    }
    for (let index = last - 1; index >= 0 && entries[index] === undefined; index--) {
      const path = paths[index]!;
      const [file, isImplied] = await Promise.all([this.newest(path), this.#isImplied(path)]);
      if (file !== undefined) entries[index] = { kind: "file", doc: file };
      else if (isImplied) entries[index] = { kind: "directory", node: undefined };
      if (isImplied) return;
    }
  }

  async #directory(path: VirtualPath): Promise<Entry> {
    return { kind: "directory", node: await this.#bucket.nodes.first({ _id: path }) };
  }

  async #nodes(paths: readonly VirtualPath[]): Promise<ReadonlyMap<VirtualPath, NodeDoc>> {
    const { nodes } = this.#bucket;
    if (paths.length === 1) {
      const node = await nodes.first({ _id: paths[0]! });
      return new Map(node === undefined ? [] : [[node._id, node]]);
    }
    const found = await nodes.all({ _id: { $in: paths } });
    return new Map(found.map((node) => [node._id, node]));
  }

  async #isImplied(directory: VirtualPath): Promise<boolean> {
    const found = await this.#bucket.files.first(
      { filename: rangeOf(prefixOf(directory)) },
      { projection: { _id: 1 } },
    );
    return found !== undefined;
  }
}

/** A file's name hides a node's. */
function entryOf(file: FileDoc | undefined, node: NodeDoc | undefined): Entry | undefined {
  if (file !== undefined) return { kind: "file", doc: file };
  return node === undefined ? undefined : entryOfNode(node);
}

/** Whether a place is a name that can be given and taken: not the root, and not `..`. */
export function isNamed({ name }: Place): boolean {
  return name !== "" && name !== "..";
}

/** The names up to the next `..`. */
function popNames(ahead: string[]): string[] {
  const names: string[] = [];
  while (ahead.length > 0 && ahead.at(-1) !== "..") names.push(ahead.pop()!);
  return names;
}

/** The segments of a path, the first one last, so that each is popped when its turn comes. */
function segmentsBackwards(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".").reverse();
}
