import { errorOf } from "../../errno.ts";
import { childOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import { LinkWalk, type LinkWalkOptions } from "../../walk.ts";
import type { ObjectInfo } from "../client/s3_client.ts";
import type { S3Context } from "../context.ts";
import { type Entry, entryOf } from "./attributes.ts";
import { canBeFile, isHidden, isReachable, keyOf, markerOf, refuseUnusable } from "./keys.ts";
import { targetOf } from "./links.ts";

/** Where a path leads: what is there, or would be, under a path without links. */
export interface Place {
  readonly path: VirtualPath;
  /** The last name, as it was sent; empty for the root, `.` or `..` if the path ends so. */
  readonly name: string;
  readonly entry: Entry | undefined;
  /** The path ends in `/`: it asks for a directory. */
  readonly slash: boolean;
}

/** Resolves paths to entries, with as few requests as possible. */
export class Tree {
  readonly #context: S3Context;

  constructor(context: S3Context) {
    this.#context = context;
  }

  /** Walks to the place of `path`, through links, as Linux does. */
  async walk(path: VirtualPath, options: LinkWalkOptions): Promise<Place> {
    refuseUnusable(this.#context.prefix, path);
    const walk = new LinkWalk<Entry>(path, options);
    for (let run = walk.ahead(); run.length > 0; run = walk.ahead()) {
      for (const entry of await this.#look(walk.path, run)) {
        if (entry?.kind === "link" && walk.follows) {
          walk.link(await targetOf(this.#context, entry.info));
          break;
        }
        if (entry === undefined) walk.missing();
        else walk.found(entry, entry.kind === "directory" ? "directory" : "other");
      }
    }
    const entry = walk.path === "/" ? await this.entry("/") : walk.at;
    return { path: walk.path, name: walk.name, entry, slash: walk.slash };
  }

  /** What is at `path`; a link is followed on demand, and if a `/` follows it. */
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

  /** What has exactly this path. A file hides a directory of the same name. */
  async entry(path: VirtualPath): Promise<Entry | undefined> {
    if (path !== "/" && isHidden(path)) return undefined;
    const { client, prefix, ending: signal } = this.#context;
    const [key, marker] = [keyOf(prefix, path), markerOf(prefix, path)];
    if (path === "/") return { kind: "directory", marker: await this.#head(marker) };
    const [info, listing] = await Promise.all([
      canBeFile(key) ? this.#head(key) : undefined,
      client.list(marker, { limit: 1, signal }),
    ]);
    if (info !== undefined) return entryOf(info);
    const first = listing.entries[0];
    if (first === undefined) return undefined;
    return {
      kind: "directory",
      marker: first.key === marker ? await this.#head(marker) : undefined,
    };
  }

  /** Whether a directory is empty. */
  async isEmpty(directory: VirtualPath): Promise<boolean> {
    return (await this.#firstKeys(directory, 2)).every(({ isMarker }) => isMarker);
  }

  /**
   * Whether a directory needs a marker to stay when an entry of it is gone. It is asked before that
   * happens, so that the directory does not disappear in between.
   */
  async dependsOn(directory: VirtualPath, entry: VirtualPath): Promise<boolean> {
    if (directory === "/") return false;
    const { prefix } = this.#context;
    const own = [keyOf(prefix, entry), markerOf(prefix, entry)];
    return (await this.#firstKeys(directory, 3)).every(({ key }) => own.includes(key));
  }

  async #firstKeys(directory: VirtualPath, limit: number) {
    const { client, prefix, ending: signal } = this.#context;
    const marker = markerOf(prefix, directory);
    const { entries } = await client.list(marker, { limit, signal });
    return entries.map(({ key }) => ({ key, isMarker: key === marker }));
  }

  async #head(key: string): Promise<ObjectInfo | undefined> {
    const { client, ending: signal } = this.#context;
    return isReachable(key) ? await client.head(key, { signal }) : undefined;
  }

  /** What has the names of `run`, each in the one before, starting in the directory `at`. */
  async #look(at: VirtualPath, run: readonly string[]): Promise<(Entry | undefined)[]> {
    const paths: VirtualPath[] = [];
    for (const name of run) paths.push(childOf(paths.at(-1) ?? at, name));
    const last = await this.entry(paths.at(-1)!);
    const above = paths.slice(0, -1);
    // Everything above an existing entry is a directory.
    if (last !== undefined) return [...above.map(() => IMPLIED), last];
    return [...await Promise.all(above.map((path) => this.entry(path))), undefined];
  }
}

const IMPLIED: Entry = { kind: "directory", marker: undefined };
