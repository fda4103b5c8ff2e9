import { childOf, nameOf, parentOf } from "../../path.ts";
import type { DirEntry, DirHandle, VirtualPath } from "../../storage.ts";
import type { Bucket } from "../database/bucket.ts";
import { type FileDoc, type NodeDoc, timeOf } from "../database/documents.ts";
import { fail } from "../database/gridfs_errors.ts";
import { filenameOf, prefixOf, shownName } from "../../remote/names.ts";
import { endOf, type NameRange, namesOf, rangeOf } from "./names.ts";
import { attrsOf, attrsOfFile, entryOfNode, type Owner } from "./nodes.ts";

/** Documents fetched at once. */
const PAGE_DOCUMENTS = 1000;
/**
 * The most implied directories to look up in one request, to see whether they were listed already.
 */
const MAX_IMPLIED = 100;
/** Files of a subdirectory that are skipped one by one before the cursor jumps over the rest. */
const MAX_PASSED_OVER = 200;

/** The fields of a file that a listing shows. */
const FIELDS = { filename: 1, length: 1, uploadDate: 1, metadata: 1 };

/**
 * An open directory: first its nodes, then its files, from the index of their names, page by page.
 * The files of a subdirectory, which lie between them, are jumped over where they are many.
 */
export class Listing implements DirHandle {
  readonly #bucket: Bucket;
  readonly #directory: VirtualPath;
  readonly #owner: Owner;
  readonly #entries: AsyncGenerator<DirEntry>;

  /** @param dots The entries `.` and `..`. */
  constructor(
    bucket: Bucket,
    directory: VirtualPath,
    { owner, dots }: { readonly owner: Owner; readonly dots: readonly DirEntry[] },
  ) {
    this.#bucket = bucket;
    this.#directory = directory;
    this.#owner = owner;
    this.#entries = this.#all(dots);
  }

  /** The next entries, at most `limit`. */
  async next(limit: number): Promise<readonly DirEntry[]> {
    const entries: DirEntry[] = [];
    try {
      while (entries.length < limit) {
        const { done, value } = await this.#entries.next();
        if (done === true) break;
        entries.push(value);
      }
    } catch (error) {
      fail(error);
    }
    return entries;
  }

  /** Ends the listing. */
  async close(): Promise<void> {
    await this.#entries.return(undefined);
  }

  async *#all(dots: readonly DirEntry[]): AsyncGenerator<DirEntry> {
    yield* dots;
    yield* this.#nodes();
    yield* this.#files();
  }

  async *#nodes(): AsyncGenerator<DirEntry> {
    const found = this.#bucket.nodes
      .each({ parent: this.#directory }, { batchSize: PAGE_DOCUMENTS, sort: { _id: 1 } });
    for await (const all of pagesOf(found)) {
      // What another program has put here may have any key.
      const page = all.filter(({ _id }) => isChild(_id, this.#directory));
      const hidden = await this.#filesAmong(page.map(({ _id }) => _id));
      for (const node of page) {
        if (!hidden.has(node._id)) yield this.#entryOfNode(node);
      }
    }
  }

  async *#files(): AsyncGenerator<DirEntry> {
    const prefix = prefixOf(this.#directory);
    const implied: string[] = [];
    let passed: Passed | undefined;
    let newest: FileDoc | undefined;
    let range: NameRange | undefined = rangeOf(prefix);
    while (range !== undefined) {
      const cursor = this.#find(range);
      range = undefined;
      for await (const doc of cursor) {
        const segment = firstSegment(doc.filename, prefix);
        if (segment.length === doc.filename.length - prefix.length) {
          // Of several files with one name the newest comes last, unless its uploadDate is not a date.
          if (newest !== undefined && newest.filename !== doc.filename) {
            yield this.#entryOf(newest);
            newest = undefined;
          }
          if (timeOf(doc.uploadDate) >= timeOf(newest?.uploadDate)) newest = doc;
        } else if (passed?.segment !== segment) {
          passed = { segment, count: 1 };
          implied.push(segment);
          if (implied.length === MAX_IMPLIED) yield* this.#implied(implied.splice(0));
        } else if (++passed.count > MAX_PASSED_OVER) {
          range = { ...rangeOf(prefix), $gte: endOf(`${prefix}${segment}/`) };
          break;
        }
      }
    }
    if (newest !== undefined) yield this.#entryOf(newest);
    yield* this.#implied(implied);
  }

  /** Directories that only the files below them imply. */
  async *#implied(segments: readonly string[]): AsyncGenerator<DirEntry> {
    if (segments.length === 0) return;
    const paths = segments.map((segment) => childOf(this.#directory, shownName(segment)));
    const [nodes, files] = await Promise.all([
      this.#bucket.nodes.all({ _id: { $in: paths } }, { projection: { _id: 1 } }),
      this.#filesAmong(paths),
    ]);
    const told = new Set(nodes.map(({ _id }) => _id));
    for (const [index, segment] of segments.entries()) {
      const path = paths[index]!;
      if (told.has(path) || files.has(path)) continue;
      const attrs = attrsOf({ kind: "directory", node: undefined }, this.#owner);
      yield { name: shownName(segment), attrs };
    }
  }

  /** Those of some paths at which there is a file. */
  async #filesAmong(paths: readonly VirtualPath[]): Promise<ReadonlySet<VirtualPath>> {
    const byName = new Map(paths.map((path) => [filenameOf(path), path]));
    const found = await this.#bucket.files.all(
      { filename: namesOf(paths) },
      { projection: { filename: 1 }, isMany: true },
    );
    return new Set(found.map(({ filename }) => byName.get(filename)!));
  }

  #find(range: NameRange) {
    return this.#bucket.files.each({ filename: range }, {
      projection: FIELDS,
      batchSize: PAGE_DOCUMENTS,
      sort: { filename: 1, uploadDate: 1 },
    });
  }

  #entryOf(doc: FileDoc): DirEntry {
    const name = shownName(doc.filename.slice(prefixOf(this.#directory).length));
    return { name, attrs: attrsOfFile(doc, this.#owner) };
  }

  #entryOfNode(node: NodeDoc): DirEntry {
    return { name: nameOf(node._id), attrs: attrsOf(entryOfNode(node), this.#owner) };
  }
}

/** The subdirectory whose files the cursor is among. */
interface Passed {
  readonly segment: string;
  count: number;
}

function isChild(path: unknown, directory: VirtualPath): boolean {
  return typeof path === "string" && path !== "/" && path.startsWith("/") &&
    parentOf(path) === directory;
}

/** The first segment of a filename after a prefix. */
function firstSegment(filename: string, prefix: string): string {
  const slash = filename.indexOf("/", prefix.length);
  return slash === -1 ? filename.slice(prefix.length) : filename.slice(prefix.length, slash);
}

/** What a cursor returns, in the batches in which it arrives. */
async function* pagesOf<T>(cursor: AsyncIterable<T>): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const document of cursor) {
    page.push(document);
    if (page.length === PAGE_DOCUMENTS) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}
