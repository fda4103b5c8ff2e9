import type { FileSystemStats } from "../storage/storage.ts";
import type { Amount, QuotaLimit } from "./books.ts";

/** The figures of a storage under a quota, for df: those of its file system, but for the limit. */
export function figuresOf(
  inner: FileSystemStats,
  limit: QuotaLimit,
  free: Amount,
): FileSystemStats {
  const { frsize } = inner;
  const left = least(BigInt(Math.max(free.bytes, 0)) / frsize, inner.bavail);
  const stats = { ...inner, blocks: BigInt(limit.bytes) / frsize, bfree: left, bavail: left };
  if (limit.files === undefined) return stats;
  const files = least(BigInt(Math.max(free.files, 0)), inner.favail);
  return { ...stats, files: BigInt(limit.files), ffree: files, favail: files };
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
