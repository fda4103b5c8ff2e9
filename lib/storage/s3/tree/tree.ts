import { childOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import { foundAt, type Place as RemotePlace, walkTo } from "../../remote/place.ts";
import type { LinkWalkOptions } from "../../walk.ts";
import type { ObjectInfo } from "../client/s3_client.ts";
import type { S3Context } from "../context.ts";
import { type Entry, entryOf } from "./attributes.ts";
import { canBeFile, isHidden, isReachable, keyOf, markerOf, refuseUnusable } from "./keys.ts";
import { targetOf } from "./links.ts";

/** Where a path leads. */
export type Place = RemotePlace<Entry>;

/** Resolves paths to entries, with as few requests as possible. */
export class Tree {
  readonly #context: S3Context;

  constructor(context: S3Context) {
    this.#context = context;
  }

  /** Walks to the place of `path`, through links, as Linux does. */
  async walk(path: VirtualPath, options: LinkWalkOptions): Promise<Place> {
    refuseUnusable(this.#context.prefix, path);
    return await walkTo<Entry>(path, options, {
      look: (at, run) => this.#look(at, run),
      targetOf: ({ info }) => targetOf(this.#context, info),
      root: () => this.entry("/"),
    });
  }

  /** What is at `path`; a link is followed on demand, and if a `/` follows it. */
  async find(
    path: VirtualPath,
    options: { readonly follow: boolean },
  ): Promise<{ readonly path: VirtualPath; readonly entry: Entry }> {
    return foundAt(await this.walk(path, { follow: options.follow || path.endsWith("/") }));
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
