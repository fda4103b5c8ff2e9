/**
 * The system's errors as storage errors: one table, by name (from Deno's own
 * file API, and for storages that play a file system) and by number (from
 * FFI). Which code an error becomes is OpenSSH's choice, which clients know.
 *
 * @module
 */

import { StorageError, type StorageErrorCode } from "./errors.ts";

/** An error's number on Linux (x86-64 and arm64), its code and its reason. */
type Row = readonly [number: number, code: StorageErrorCode, reason: string];

const TABLE = {
  EPERM: [1, "denied", "operation not permitted"],
  ENOENT: [2, "not-found", "no such file"],
  EINTR: [4, "failure", "interrupted"],
  EIO: [5, "failure", "input/output error"],
  ENXIO: [6, "failure", "not a regular file"],
  EBADF: [9, "not-found", "not open for this"],
  EAGAIN: [11, "failure", "temporarily unavailable"],
  ENOMEM: [12, "failure", "out of memory"],
  EACCES: [13, "denied", "permission denied"],
  EFAULT: [14, "denied", "bad address"],
  EBUSY: [16, "failure", "in use by the system"],
  EEXIST: [17, "failure", "file exists"],
  EXDEV: [18, "failure", "on another file system"],
  ENODEV: [19, "failure", "no such device"],
  ENOTDIR: [20, "not-found", "not a directory"],
  EISDIR: [21, "failure", "is a directory"],
  EINVAL: [22, "invalid", "invalid argument"],
  ENFILE: [23, "failure", "too many open files on the system"],
  EMFILE: [24, "failure", "too many open files"],
  ETXTBSY: [26, "failure", "program is running"],
  EFBIG: [27, "failure", "file too large"],
  ENOSPC: [28, "failure", "no space left on device"],
  EROFS: [30, "failure", "read-only file system"],
  EMLINK: [31, "failure", "too many links"],
  EPIPE: [32, "failure", "broken pipe"],
  ENAMETOOLONG: [36, "invalid", "name too long"],
  ENOSYS: [38, "unsupported", "not available on this system"],
  ENOTEMPTY: [39, "failure", "directory not empty"],
  ELOOP: [40, "not-found", "too many links to follow"],
  EOVERFLOW: [75, "failure", "value too large"],
  ENOTSOCK: [88, "failure", "not a socket"],
  EOPNOTSUPP: [95, "failure", "not supported by the file system"],
  ECONNRESET: [104, "failure", "connection reset"],
  ESTALE: [116, "failure", "file has gone from the server"],
  EDQUOT: [122, "failure", "disk quota exceeded"],
} as const satisfies Record<string, Row>;

/** POSIX's name of an error that is known here. */
export type ErrnoName = keyof typeof TABLE;

/** The numbers by name, for code that compares with them. */
export const Errno = Object.fromEntries(
  Object.entries<Row>(TABLE).map(([name, [number]]) => [name, number]),
) as Readonly<Record<ErrnoName, number>>;

const errorsOfNumbers = new Map<number, StorageError>();

/**
 * The storage error of an error number of the system. It is made once: clients
 * ask for files that are not there all the time, and a stack costs more than
 * the look-up.
 */
export function errorOfNumber(number: number): StorageError {
  let error = errorsOfNumbers.get(number);
  if (error === undefined) {
    const row = Object.values<Row>(TABLE).find(([known]) => known === number);
    error = errorOfRow(row ?? [number, "failure", `system error ${number}`]);
    errorsOfNumbers.set(number, error);
  }
  return error;
}

/** The storage error of an error of the system. */
export function errorOf(name: ErrnoName): StorageError {
  return errorOfRow(TABLE[name]);
}

/** As {@linkcode errorOf}, for a name that somebody else gave, perhaps an unknown one. */
export function errorOfName(name: string, cause: unknown): StorageError {
  if (Object.hasOwn(TABLE, name)) return errorOfRow(TABLE[name as ErrnoName], cause);
  return new StorageError("failure", `system error ${name}`, { cause });
}

function errorOfRow([, code, reason]: Row, cause?: unknown): StorageError {
  return new StorageError(code, reason, { cause });
}
