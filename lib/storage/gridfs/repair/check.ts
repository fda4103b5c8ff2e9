import { parentOf } from "../../path.ts";
import { type Bucket, connect } from "../database/bucket.ts";
import { type ChunkRun, chunkRuns } from "../versions/chunk_runs.ts";
import { type FileDoc, type FileId, idText, type NodeDoc } from "../database/documents.ts";
import { fail } from "../database/gridfs_errors.ts";
import { Journal } from "../database/journal.ts";
import { type Layout, layoutOf, problemWithLayout } from "../database/layout.ts";
import { NAME_MAX, pathOf } from "../../remote/names.ts";
import type { CheckOptions } from "../database/options.ts";
import type { GridFsContext } from "../database/context.ts";
import { type Finding, sweep } from "./sweep.ts";
import { Tree } from "../tree/tree.ts";

export type { Finding } from "./sweep.ts";

/** Milliseconds for which chunks without a file may belong to an upload of another program. */
const YOUTH_MS = 24 * 60 * 60_000;

/** Connects to a bucket and checks it. */
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

/** Checks a bucket: its journal first, then each file and each chunk. */
export async function check(bucket: Bucket, mend: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  const journal = new Journal(bucket);
  const context: GridFsContext = { bucket, journal, tree: new Tree(bucket) };
  const found = (finding: Finding) => findings.push(finding);
  try {
    await sweep(context, { mend, found });
    const files = await checkFiles(bucket, found);
    await checkChunks(bucket, { files, found, mend });
    await checkNodes(context, found);
  } finally {
    journal.close();
  }
  return findings;
}

/** What a file's chunks must be. */
interface Expected {
  readonly name: string;
  /** Absent if its document does not describe one. */
  readonly layout: Layout | undefined;
}

async function checkFiles(
  bucket: Bucket,
  found: (finding: Finding) => void,
): Promise<Map<string, Expected>> {
  const files = new Map<string, Expected>();
  const projection = { filename: 1, length: 1, chunkSize: 1, uploadDate: 1 };
  for await (const doc of bucket.files.each({}, { projection, sort: { _id: 1 } })) {
    const name = nameFor(doc);
    const reason = unusable(doc.filename);
    if (reason !== undefined) {
      found({ kind: "unusable name", what: `${name}: ${reason}`, mended: false });
    }
    const problem = problemWithLayout(doc);
    for (const what of [problem, problemWithDate(doc.uploadDate)]) {
      if (what !== undefined) {
        found({ kind: "unsound file", what: `${name}: ${what}`, mended: false });
      }
    }
    files.set(idText(doc._id), { name, layout: problem === undefined ? layoutOf(doc) : undefined });
  }
  return files;
}

/** Such a file is served nevertheless, only without a time. */
function problemWithDate(date: unknown): string | undefined {
  const isDate = date instanceof Date && !Number.isNaN(date.getTime());
  return isDate ? undefined : "the file's document has no uploadDate that is a date";
}

/** Why no client can ask for a file by this name. */
function unusable(filename: unknown): string | undefined {
  if (typeof filename !== "string") return "the name is not text";
  if (filename.includes("\0")) return "the name contains a NUL";
  const isLong = filename.split("/").some((name) =>
    new TextEncoder().encode(name).length > NAME_MAX
  );
  return isLong ? "the name is too long" : undefined;
}

function nameFor({ _id, filename }: FileDoc): string {
  return typeof filename === "string" ? pathOf(filename) : idText(_id);
}

async function checkChunks(
  bucket: Bucket,
  { files, found, mend }: {
    readonly files: Map<string, Expected>;
    readonly found: (finding: Finding) => void;
    readonly mend: boolean;
  },
): Promise<void> {
  const orphans: ChunkRun[] = [];
  const layoutFor = (id: FileId) => files.get(idText(id))?.layout;
  for await (const run of chunkRuns(bucket, layoutFor)) {
    const key = idText(run.id);
    const expected = files.get(key);
    files.delete(key);
    if (expected === undefined) orphans.push(run);
    else if (expected.layout !== undefined) tell(expected.name, run, found);
  }
  for (const { name, layout } of files.values()) {
    if ((layout?.length ?? 0) > 0) found({ kind: "missing chunks", what: name, mended: false });
  }
  for (const run of orphans) await checkOrphan(bucket, run, { found, mend });
}

function tell(
  name: string,
  { isWhole, problem }: ChunkRun,
  found: (finding: Finding) => void,
): void {
  if (!isWhole) found({ kind: "missing chunks", what: name, mended: false });
  if (problem !== undefined) {
    found({ kind: "unsound chunks", what: `${name}: ${problem}`, mended: false });
  }
}

async function checkOrphan(
  bucket: Bucket,
  { id, count, newest }: ChunkRun,
  { found, mend }: { readonly found: (finding: Finding) => void; readonly mend: boolean },
): Promise<void> {
  // Asked last: the file may have appeared since, or the chunks may belong to a session's work.
  const [doc, entry] = await Promise.all([
    bucket.files.first({ _id: id }, { projection: { _id: 1 } }),
    bucket.journal.first({ file: id }),
  ]);
  const isYoung = newest > bucket.now().getTime() - YOUTH_MS;
  if (doc !== undefined || entry !== undefined || isYoung) return;
  if (mend) await bucket.chunks.remove({ files_id: id });
  found({ kind: "orphaned chunks", what: `${count} of ${idText(id)}`, mended: mend });
}

async function checkNodes(
  { bucket, tree }: GridFsContext,
  found: (finding: Finding) => void,
): Promise<void> {
  const projection = { parent: 1, target: 1 };
  for await (const node of bucket.nodes.each({}, { projection, sort: { _id: 1 } })) {
    const { _id: path } = node;
    const problem = problemWithNode(node);
    if (problem !== undefined) {
      found({ kind: "unsound node", what: `${String(path)}: ${problem}`, mended: false });
    } else if (path !== "/" && await tree.newest(path) !== undefined) {
      found({ kind: "hidden by a file", what: path, mended: false });
    }
  }
}

/** Why a directory or link cannot be reached, or leads nowhere. */
function problemWithNode(node: NodeDoc): string | undefined {
  const { _id, parent, target }: { [field in keyof NodeDoc]: unknown } = node;
  if (typeof _id !== "string" || !_id.startsWith("/")) return "its document has no path";
  if (parent !== (_id === "/" ? null : parentOf(_id))) return "its document has another parent";
  const isSound = target === undefined || typeof target === "string" && target !== "";
  return isSound ? undefined : "the link's document has no target";
}
