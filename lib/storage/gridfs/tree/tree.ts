import { childOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import { foundAt, type Place as RemotePlace, walkTo } from "../../remote/place.ts";
import type { LinkWalkOptions } from "../../walk.ts";
import type { Bucket } from "../database/bucket.ts";
import type { FileDoc, NodeDoc } from "../database/documents.ts";
import { prefixOf } from "../../remote/names.ts";
import { namesOf, rangeOf, refuseUnusable } from "./names.ts";
import { type Entry, entryOfNode, targetOf } from "./nodes.ts";

/** Where a path leads. */
export type Place = RemotePlace<Entry>;

/** Resolves paths to entries, with as few queries to the database as possible. */
export class Tree {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Walks to the place of `path`, through links, as Linux does. */
  async walk(path: VirtualPath, options: LinkWalkOptions): Promise<Place> {
    refuseUnusable(path);
    return await walkTo<Entry>(path, options, {
      look: (at, run) => this.#look(at, run),
      targetOf: ({ node }) => targetOf(node),
      root: () => this.#directory("/"),
    });
  }

  /** What is at `path`; a link is followed on demand, and if a `/` follows it. */
  async find(
    path: VirtualPath,
    options: { readonly follow: boolean },
  ): Promise<{ readonly path: VirtualPath; readonly entry: Entry }> {
    return foundAt(await this.walk(path, { follow: options.follow || path.endsWith("/") }));
  }

  /** What has exactly this path. */
  async entry(path: VirtualPath): Promise<Entry | undefined> {
    if (path === "/") return await this.#directory(path);
    const [nodes, file] = await Promise.all([this.#nodes([path]), this.newest(path)]);
    const entry = entryOf(file, nodes.get(path));
    if (entry !== undefined) return entry;
    return await this.#isImplied(path) ? { kind: "directory", node: undefined } : undefined;
  }

  /** The file at a path: the newest of those with its name. */
  async newest(path: VirtualPath): Promise<FileDoc | undefined> {
    const [filename, sort] = [namesOf([path]), { uploadDate: -1 }] as const;
    const last = await this.#bucket.files.first({ filename }, { sort });
    if (last === undefined || last.uploadDate instanceof Date) return last;
    // Some values that are not dates sort after every date, but a date takes precedence.
    const dated = { filename, uploadDate: { $type: "date" } } as const;
    return await this.#bucket.files.first(dated, { sort }) ?? last;
  }

  /** Whether a directory is empty. */
  async isEmpty(directory: VirtualPath): Promise<boolean> {
    const [node, hasFiles] = await Promise.all([
      this.#bucket.nodes.first({ parent: directory }, { projection: { _id: 1 } }),
      this.#isImplied(directory),
    ]);
    return node === undefined && !hasFiles;
  }

  /** What has the names of `run`, each in the one before, starting in the directory `at`. */
  async #look(at: VirtualPath, run: readonly string[]): Promise<(Entry | undefined)[]> {
    const paths: VirtualPath[] = [];
    for (const name of run) paths.push(childOf(paths.at(-1) ?? at, name));
    const last = paths.at(-1)!;
    const [nodes, file] = await Promise.all([this.#nodes(paths), this.newest(last)]);
    const entries = paths.map((path) => entryOf(path === last ? file : undefined, nodes.get(path)));
    const isOver = entries.some((entry, index) => entry?.kind === "link" && index < run.length - 1);
    if (entries.at(-1) === undefined && !isOver) await this.#lookFurther(paths, entries);
    // Everything above an existing entry is a directory.
    const deepest = entries.findLastIndex((entry) => entry !== undefined);
    return entries.map((entry, index) =>
      entry ?? (index < deepest ? { kind: "directory", node: undefined } : undefined)
    );
  }

  /** No entry has the last name: files may be below it, or a file may be above it. */
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
