import { ObjectId } from "mongodb";
import { type Bucket, connect } from "./bucket.ts";
import { type ChunkDoc, type FileDoc, type FileId, idText, numberOf } from "./documents.ts";
import { fail } from "./gridfs_errors.ts";
import { Journal } from "./journal.ts";
import { LONGEST_NAME, pathOf } from "./names.ts";
import type { CheckOptions } from "./options.ts";
import type { Place } from "./place.ts";
import { type Finding, sweep } from "./sweep.ts";
import { Tree } from "./tree.ts";

export type { Finding } from "./sweep.ts";

/** Milliseconds for which chunks without a file may be an upload of another program. */
const YOUTH = 24 * 60 * 60_000;

/** Connects, and looks a bucket over. */
export async function checkBucket(uri: string, options: CheckOptions): Promise<Finding[]> {
  try {
    const bucket = await connect(uri, options);
    try {
      return await check(bucket, options.mend ?? false);
    } finally {
      await bucket.link.close();
    }
  } catch (error) {
    fail(error);
  }
}

/** Looks a bucket over: its journal first, then each file and each chunk. */
export async function check(bucket: Bucket, mend: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  const journal = new Journal(bucket);
  const place: Place = { bucket, journal, tree: new Tree(bucket) };
  const found = (finding: Finding) => findings.push(finding);
  try {
    await sweep(place, { mend, found });
    const files = await checkFiles(bucket, found);
    await checkChunks(bucket, { files, found, mend });
    await checkNodes(place, found);
  } finally {
    journal.close();
  }
  return findings;
}

/** What a file's chunks must be. */
interface Expected {
  readonly name: string;
  readonly count: number;
}

async function checkFiles(
  bucket: Bucket,
  found: (finding: Finding) => void,
): Promise<Map<string, Expected>> {
  const files = new Map<string, Expected>();
  const projection = { filename: 1, length: 1, chunkSize: 1 };
  for await (const doc of bucket.files.each({}, { projection, sort: { _id: 1 } })) {
    const name = nameFor(doc);
    const reason = unusable(doc.filename);
    if (reason !== undefined) {
      found({ kind: "unusable name", what: `${name}: ${reason}`, mended: false });
    }
    const count = Math.ceil(numberOf(doc.length ?? 0) / numberOf(doc.chunkSize ?? 0));
    files.set(idText(doc._id), { name, count: Number.isNaN(count) ? 0 : count });
  }
  return files;
}

/** Why no client can ask for a file by this name. */
function unusable(filename: unknown): string | undefined {
  if (typeof filename !== "string") return "the name is no text";
  if (filename.includes("\0")) return "there is a NUL in the name";
  const isLong = filename.split("/").some((name) =>
    new TextEncoder().encode(name).length > LONGEST_NAME
  );
  return isLong ? "the name is too long" : undefined;
}

function nameFor({ _id, filename }: FileDoc): string {
  return typeof filename === "string" ? pathOf(filename) : idText(_id);
}

/** The chunks that follow each other in the index of one file's. */
interface Run {
  readonly id: FileId;
  count: number;
  /** Whether none is missing up to here. */
  isWhole: boolean;
  /** The time of the newest, in milliseconds since 1970. */
  newest: number;
}

async function checkChunks(
  bucket: Bucket,
  { files, found, mend }: {
    readonly files: Map<string, Expected>;
    readonly found: (finding: Finding) => void;
    readonly mend: boolean;
  },
): Promise<void> {
  const orphans: Run[] = [];
  const settle = (run: Run) => {
    const key = idText(run.id);
    const expected = files.get(key);
    files.delete(key);
    if (expected === undefined) orphans.push(run);
    else if (!run.isWhole || run.count < expected.count) found(missing(expected));
  };
  for await (const run of runsOf(bucket)) settle(run);
  for (const expected of files.values()) if (expected.count > 0) found(missing(expected));
  for (const run of orphans) await checkOrphan(bucket, run, { found, mend });
}

function missing({ name }: Expected): Finding {
  return { kind: "missing chunks", what: name, mended: false };
}

async function* runsOf(bucket: Bucket): AsyncGenerator<Run> {
  let run: Run | undefined;
  const found = bucket.chunks.each({}, {
    projection: { files_id: 1, n: 1 },
    sort: { files_id: 1, n: 1 },
  });
  for await (const { _id, files_id: id, n } of found) {
    if (run === undefined || idText(run.id) !== idText(id)) {
      if (run !== undefined) yield run;
      run = { id, count: 0, isWhole: true, newest: 0 };
    }
    if (n !== run.count) run.isWhole = false;
    run.count++;
    run.newest = Math.max(run.newest, timeOf(_id));
  }
  if (run !== undefined) yield run;
}

/** When a chunk was made: its id tells, where it is a driver's. */
function timeOf(id: ChunkDoc["_id"]): number {
  return id instanceof ObjectId ? id.getTimestamp().getTime() : 0;
}

async function checkOrphan(
  bucket: Bucket,
  { id, count, newest }: Run,
  { found, mend }: { readonly found: (finding: Finding) => void; readonly mend: boolean },
): Promise<void> {
  // Asked last: the file may have come since, or the chunks be somebody's work.
  const [doc, entry] = await Promise.all([
    bucket.files.first({ _id: id }, { projection: { _id: 1 } }),
    bucket.journal.first({ file: id }),
  ]);
  const isYoung = newest > bucket.now().getTime() - YOUTH;
  if (doc !== undefined || entry !== undefined || isYoung) return;
  if (mend) await bucket.chunks.remove({ files_id: id });
  found({ kind: "orphaned chunks", what: `${count} of ${idText(id)}`, mended: mend });
}

async function checkNodes(
  { bucket, tree }: Place,
  found: (finding: Finding) => void,
): Promise<void> {
  const nodes = bucket.nodes.each({}, { projection: { _id: 1 }, sort: { _id: 1 } });
  for await (const { _id: path } of nodes) {
    if (path !== "/" && await tree.newest(path) !== undefined) {
      found({ kind: "hidden by a file", what: path, mended: false });
    }
  }
}
