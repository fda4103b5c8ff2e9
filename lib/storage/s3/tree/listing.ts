import type { FileAttrs } from "../../../attrs.ts";
import { shownName } from "../../remote/names.ts";
import type { Checkpoint, DirEntry, DirHandle, VirtualPath } from "../../storage.ts";
import type { ObjectInfo } from "../client/s3_client.ts";
import type { S3Context } from "../context.ts";
import { attrsOf, type Entry, entryOf } from "./attributes.ts";
import { compareKeys, isReachable, markerOf, workPrefix } from "./keys.ts";

/** The most keys that the server lists at once. */
const PAGE_KEYS = 1000;
/** Requests for attributes that are made at the same time. */
const MAX_IN_FLIGHT = 16;

/** A key, or a common prefix of keys. */
interface Found {
  readonly key: string;
  /** Absent for a prefix. */
  readonly info?: ObjectInfo;
}

/** What to list, and how. */
export interface ListingOptions {
  readonly dots: readonly DirEntry[];
  /** Whether the attributes are those that the server's listing has. */
  readonly isPlain: boolean;
}

/**
 * Lists a directory by pages of the server. The listing has neither modes nor times that a client
 * has set, and does not tell links from files: each object is asked for them.
 */
export class Listing implements DirHandle {
  readonly #context: S3Context;
  readonly #marker: string;
  readonly #isPlain: boolean;
  #dots: readonly DirEntry[];
  #page: Found[] = [];
  #token: string | undefined;
  #isLast = false;
  /** Files whose names the next names may begin with, each with the one before. */
  readonly #files: string[] = [];

  constructor(context: S3Context, directory: VirtualPath, { dots, isPlain }: ListingOptions) {
    this.#context = context;
    this.#marker = markerOf(context.prefix, directory);
    this.#dots = dots;
    this.#isPlain = isPlain;
  }

  /** The next entries, at most `limit`. */
  async next(limit: number, checkpoint?: Checkpoint): Promise<readonly DirEntry[]> {
    if (this.#dots.length > 0) {
      const dots = this.#dots;
      this.#dots = [];
      return dots;
    }
    for (;;) {
      while (this.#page.length === 0 && !this.#isLast) {
        await this.#turn();
        await checkpoint?.();
      }
      const found = this.#page.splice(0, limit);
      if (found.length === 0) return [];
      const entries = await this.#described(found);
      // An empty answer would mean the end.
      if (entries.length > 0) return entries;
    }
  }

  /** Does nothing: no page is kept by the server. */
  close(): void {}

  /** Fetches the next page. */
  async #turn(): Promise<void> {
    const { client, ending: signal } = this.#context;
    const { entries, prefixes, next } = await client.list(this.#marker, {
      delimiter: "/",
      limit: PAGE_KEYS,
      token: this.#token,
      signal,
    });
    this.#token = next;
    this.#isLast = next === undefined;
    const found: Found[] = [
      ...entries.map((info) => ({ key: info.key, info })),
      ...prefixes.map((key) => ({ key })),
    ];
    found.sort((a, b) => compareKeys(a.key, b.key));
    this.#page = found.filter((one) => this.#isShown(one));
  }

  #isShown({ key, info }: Found): boolean {
    if (key === this.#marker || key === workPrefix(this.#context.prefix)) return false;
    // All keys that begin with a file's come right after it, and so does its directory.
    while (this.#files.length > 0 && !key.startsWith(this.#files.at(-1)!)) this.#files.pop();
    if (info !== undefined) this.#files.push(key);
    return info !== undefined || !this.#files.includes(key.slice(0, -1));
  }

  async #described(found: readonly Found[]): Promise<DirEntry[]> {
    const entries: (DirEntry | undefined)[] = [];
    let at = 0;
    const work = async () => {
      while (at < found.length) {
        const index = at++;
        entries[index] = await this.#describe(found[index]!);
      }
    };
    await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, work));
    return entries.filter((entry) => entry !== undefined);
  }

  /** Undefined for a file that has been removed since. */
  async #describe({ key, info }: Found): Promise<DirEntry | undefined> {
    const { client, ending: signal } = this.#context;
    const name = shownName(
      key.slice(this.#marker.length, info === undefined ? -1 : undefined),
    );
    if (this.#isPlain || !isReachable(key)) return { name, attrs: this.#attrs(plainEntry(info)) };
    const known = await client.head(key, { signal });
    if (info === undefined) {
      return { name, attrs: this.#attrs({ kind: "directory", marker: known }) };
    }
    return known === undefined ? undefined : { name, attrs: this.#attrs(entryOf(known)) };
  }

  #attrs(entry: Entry): FileAttrs {
    return attrsOf(entry, this.#context.owner);
  }
}

function plainEntry(info: ObjectInfo | undefined): Entry {
  return info === undefined ? { kind: "directory", marker: undefined } : entryOf(info);
}
