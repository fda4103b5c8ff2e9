import { MongoServerError, ObjectId } from "mongodb";
import type { Bucket } from "../database/bucket.ts";
import { bytesOf, type FoundChunk, problemWithChunk } from "./chunk_problems.ts";
import { type ChunkDoc, type FileId, idText } from "../database/documents.ts";
import { type Layout, sizeOf } from "../database/layout.ts";

/** The chunks that belong to one file, or to a file that does not exist. */
export interface ChunkRun {
  readonly id: FileId;
  readonly count: number;
  /** Whether every chunk that must exist does. */
  readonly isWhole: boolean;
  /** Why the first unreadable chunk among them cannot be read, if there is one. */
  readonly problem: string | undefined;
  /** The time of the newest chunk, in milliseconds since 1970. */
  readonly newest: number;
}

/**
 * All chunks of a bucket, grouped by file.
 *
 * @param layoutFor What the chunks of a file must be, where that is known.
 */
export async function* chunkRuns(
  bucket: Bucket,
  layoutFor: (id: FileId) => Layout | undefined,
): AsyncGenerator<ChunkRun> {
  let run: Run | undefined;
  for await (const chunk of sizedChunks(bucket)) {
    if (run === undefined || idText(run.id) !== idText(chunk.id)) {
      if (run !== undefined) yield run.end();
      run = new Run(chunk.id, layoutFor(chunk.id));
    }
    run.add(chunk);
  }
  if (run !== undefined) yield run.end();
}

/** A chunk without its bytes. */
interface SizedChunk extends FoundChunk {
  readonly id: FileId;
  readonly time: number;
}

/** What is asked for of a chunk. */
interface SizedDoc extends Omit<ChunkDoc, "data"> {
  readonly data?: unknown;
  readonly bytes?: unknown;
}

class Run {
  readonly id: FileId;
  readonly #layout: Layout | undefined;
  #count = 0;
  #newest = 0;
  /** The number that the next chunk must have. */
  #next = 0;
  #isWhole = true;
  #problem: string | undefined;
  /** The last chunk, whose problems are known once the next one is. */
  #last: SizedChunk | undefined;

  constructor(id: FileId, layout: Layout | undefined) {
    this.id = id;
    this.#layout = layout;
  }

  add(chunk: SizedChunk): void {
    this.#judge(chunk);
    this.#count++;
    this.#newest = Math.max(this.#newest, chunk.time);
    this.#last = chunk;
  }

  end(): ChunkRun {
    this.#judge(undefined);
    const { length, chunkSize } = this.#layout ?? { length: 0, chunkSize: 1 };
    const isWhole = this.#isWhole && this.#next >= Math.ceil(length / chunkSize);
    const { id } = this;
    return { id, count: this.#count, isWhole, problem: this.#problem, newest: this.#newest };
  }

  /** Checks the last chunk, now that the one after it is known. */
  #judge(further: SizedChunk | undefined): void {
    const [last, layout] = [this.#last, this.#layout];
    if (last === undefined || layout === undefined) return;
    const count = Math.ceil(layout.length / layout.chunkSize);
    const { n } = last;
    if (typeof n !== "number" || n < this.#next || !Number.isInteger(n)) {
      this.#problem ??= `a chunk has the number ${String(n)}`;
      return;
    }
    if (n >= count) return;
    if (n > this.#next) this.#isWhole = false;
    this.#next = n + 1;
    const isNear = further !== undefined && (n === count - 1 || further.n === n);
    this.#problem ??= problemWithChunk(n, { found: isNear ? [last, further] : [last], layout });
  }
}

/** Each chunk with the number of its bytes, which the server counts if it can. */
async function* sizedChunks(bucket: Bucket): AsyncGenerator<SizedChunk> {
  const isBinary = { $eq: [{ $type: "$data" }, "binData"] };
  const bytes = { $cond: [isBinary, { $binarySize: "$data" }, null] };
  const counted = { "files_id": 1, n: 1, bytes };
  const whole = { "files_id": 1, n: 1, data: 1 };
  let hasBegun = false;
  try {
    for await (const chunk of chunksWith(bucket, counted)) {
      hasBegun = true;
      yield chunk;
    }
  } catch (error) {
    // Not every server can count them.
    if (hasBegun || !(error instanceof MongoServerError)) throw error;
    yield* chunksWith(bucket, whole);
  }
}

async function* chunksWith(bucket: Bucket, projection: object): AsyncGenerator<SizedChunk> {
  const found = bucket.chunks.each({}, { projection, sort: { files_id: 1, n: 1 } });
  for await (const doc of found) {
    const { _id, files_id: id, n, data, bytes = bytesOf(data)?.length }: SizedDoc = doc;
    yield { id, n, bytes: sizeOf(bytes), time: timeOf(_id) };
  }
}

/** When a chunk was made, which its id tells if it is an ObjectId. */
function timeOf(id: ChunkDoc["_id"]): number {
  return id instanceof ObjectId ? id.getTimestamp().getTime() : 0;
}
