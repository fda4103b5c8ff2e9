/**
 * The system's errors as storage errors: one table, for numbers (from FFI) and
 * for names (from Deno's own file API). Which code an error becomes is
 * OpenSSH's choice, which clients know.
 *
 * @module
 */

import { StorageError, type StorageErrorCode } from "../errors.ts";

/** An error of the system: its name, its number on Linux (x86-64 and arm64), code and reason. */
type Row = readonly [name: string, number: number, code: StorageErrorCode, reason: string];

const ROWS: readonly Row[] = [
  ["EPERM", 1, "denied", "operation not permitted"],
  ["ENOENT", 2, "not-found", "no such file"],
  ["EIO", 5, "failure", "input/output error"],
  ["ENXIO", 6, "failure", "not a regular file"],
  ["EBADF", 9, "not-found", "not open for this"],
  ["EAGAIN", 11, "failure", "temporarily unavailable"],
  ["ENOMEM", 12, "failure", "out of memory"],
  ["EACCES", 13, "denied", "permission denied"],
  ["EFAULT", 14, "denied", "bad address"],
  ["EBUSY", 16, "failure", "in use by the system"],
  ["EEXIST", 17, "failure", "file exists"],
  ["EXDEV", 18, "failure", "on another file system"],
  ["ENODEV", 19, "failure", "no such device"],
  ["ENOTDIR", 20, "not-found", "not a directory"],
  ["EISDIR", 21, "failure", "is a directory"],
  ["EINVAL", 22, "invalid", "invalid argument"],
  ["ENFILE", 23, "failure", "too many open files on the system"],
  ["EMFILE", 24, "failure", "too many open files"],
  ["ETXTBSY", 26, "failure", "program is running"],
  ["EFBIG", 27, "failure", "file too large"],
  ["ENOSPC", 28, "failure", "no space left on device"],
  ["EROFS", 30, "failure", "read-only file system"],
  ["EMLINK", 31, "failure", "too many links"],
  ["EPIPE", 32, "failure", "broken pipe"],
  ["ENAMETOOLONG", 36, "invalid", "name too long"],
  ["ENOSYS", 38, "unsupported", "not available on this system"],
  ["ENOTEMPTY", 39, "failure", "directory not empty"],
  ["ELOOP", 40, "not-found", "too many links to follow"],
  ["EOVERFLOW", 75, "failure", "value too large"],
  ["EOPNOTSUPP", 95, "failure", "not supported by the file system"],
  ["ESTALE", 116, "failure", "file has gone from the server"],
  ["EDQUOT", 122, "failure", "disk quota exceeded"],
];

const BY_NAME = new Map(ROWS.map((row) => [row[0], row]));
const BY_NUMBER = new Map(ROWS.map((row) => [row[1], row]));

/** The `errno` numbers that code compares with. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENOTSOCK: 88,
  EOPNOTSUPP: 95,
  ECONNRESET: 104,
} as const;

/** The storage error of an error number of the system. */
export function errorOfNumber(number: number): StorageError {
  return errorOfRow(BY_NUMBER.get(number), `system error ${number}`);
}

/** The storage error of an error name of the system. */
export function errorOfName(name: string, cause?: unknown): StorageError {
  return errorOfRow(BY_NAME.get(name), `system error ${name}`, cause);
}

function errorOfRow(row: Row | undefined, unknown: string, cause?: unknown): StorageError {
  if (row === undefined) return new StorageError("failure", unknown, { cause });
  return new StorageError(row[2], row[3], { cause });
}
