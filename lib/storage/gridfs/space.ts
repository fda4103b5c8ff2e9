import type { FileSystemStats } from "../../attrs.ts";
import type { Bucket } from "./database/bucket.ts";
import { sizeOf } from "./database/layout.ts";
import { BATCH_ATTEMPT_MS } from "./database/link.ts";
import { NAME_MAX } from "../remote/names.ts";

const BLOCK_BYTES = 4096;
/** Bytes reported as free if the database does not know: clients refuse to write to a full disk. */
const ASSUMED_FREE_BYTES = 2 ** 40;
const FREE_FILES = 2n ** 32n;

/** The figures of the database, and of the disk under it if the database reports them. */
export async function figuresOf(bucket: Bucket): Promise<FileSystemStats> {
  // The database counts what it stores.
  const stats = await bucket.link.persistently(
    () => bucket.link.db.command({ dbStats: 1 }),
    { attempt: BATCH_ATTEMPT_MS },
  );
  const used = numberAt(stats, "fsUsedSize") ?? numberAt(stats, "storageSize") ?? 0;
  const total = numberAt(stats, "fsTotalSize") ?? used + ASSUMED_FREE_BYTES;
  const files = BigInt(Math.max(0, numberAt(stats, "objects") ?? 0));
  const free = blocksIn(Math.max(0, total - used));
  return {
    bsize: BigInt(BLOCK_BYTES),
    frsize: BigInt(BLOCK_BYTES),
    blocks: blocksIn(total),
    bfree: free,
    bavail: free,
    files: files + FREE_FILES,
    ffree: FREE_FILES,
    favail: FREE_FILES,
    fsid: 0n,
    flag: 0n,
    namemax: BigInt(NAME_MAX),
  };
}

function numberAt(stats: object, name: string): number | undefined {
  const value: unknown = Reflect.get(stats, name);
  return sizeOf(value);
}

function blocksIn(bytes: number): bigint {
  return BigInt(Math.floor(bytes / BLOCK_BYTES));
}
