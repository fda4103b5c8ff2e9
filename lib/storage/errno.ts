/**
 * The system's errors as storage errors: one table, by name (from Deno's own
 * file API, and for storages that emulate a file system) and by number (from
 * FFI). Each error gets the code that OpenSSH gives it, which clients know.
 *
 * @module
 */

import { StorageError, type StorageErrorCode } from "./errors.ts";

/**
 * An error's number on Linux (x86-64 and arm64), its code and its reason. This includes the errors
 * of network, FUSE and encrypted file systems, and, from 512 on, errors that are internal to the
 * kernel but that some file systems let out.
 */
type Row = readonly [number: number, code: StorageErrorCode, reason: string];

const TABLE = {
  EPERM: [1, "denied", "operation not permitted"],
  ENOENT: [2, "not-found", "no such file"],
  ESRCH: [3, "failure", "no such process"],
  EINTR: [4, "failure", "interrupted"],
  EIO: [5, "failure", "input/output error"],
  ENXIO: [6, "failure", "not a regular file"],
  E2BIG: [7, "failure", "too long"],
  ENOEXEC: [8, "failure", "not a program"],
  EBADF: [9, "not-found", "not open for this"],
  ECHILD: [10, "failure", "no such process"],
  EAGAIN: [11, "failure", "temporarily unavailable"],
  ENOMEM: [12, "failure", "out of memory"],
  EACCES: [13, "denied", "permission denied"],
  EFAULT: [14, "denied", "bad address"],
  ENOTBLK: [15, "failure", "not a block device"],
  EBUSY: [16, "failure", "in use by the system"],
  EEXIST: [17, "failure", "file exists"],
  EXDEV: [18, "failure", "on another file system"],
  ENODEV: [19, "failure", "no such device"],
  ENOTDIR: [20, "not-found", "not a directory"],
  EISDIR: [21, "failure", "is a directory"],
  EINVAL: [22, "invalid", "invalid argument"],
  ENFILE: [23, "failure", "too many open files on the system"],
  EMFILE: [24, "failure", "too many open files"],
  ENOTTY: [25, "failure", "not possible for this kind of file"],
  ETXTBSY: [26, "failure", "program is running"],
  EFBIG: [27, "failure", "file too large"],
  ENOSPC: [28, "failure", "no space left on device"],
  ESPIPE: [29, "failure", "not possible for a pipe"],
  EROFS: [30, "failure", "read-only file system"],
  EMLINK: [31, "failure", "too many links"],
  EPIPE: [32, "failure", "broken pipe"],
  EDOM: [33, "failure", "value out of range"],
  ERANGE: [34, "failure", "value out of range"],
  EDEADLK: [35, "failure", "a deadlock was avoided"],
  ENAMETOOLONG: [36, "invalid", "name too long"],
  ENOLCK: [37, "failure", "no locks available"],
  ENOSYS: [38, "unsupported", "not available on this system"],
  ENOTEMPTY: [39, "failure", "directory not empty"],
  ELOOP: [40, "not-found", "too many links to follow"],
  EIDRM: [43, "failure", "has been removed"],
  EBADE: [52, "failure", "invalid exchange with the server"],
  EBADR: [53, "failure", "invalid request to the server"],
  ENODATA: [61, "failure", "no data available"],
  ETIME: [62, "failure", "timer expired"],
  ENONET: [64, "failure", "not on the network"],
  ENOPKG: [65, "failure", "a part of the system is not installed"],
  EREMOTE: [66, "failure", "is on another machine"],
  ENOLINK: [67, "failure", "connection to the server is cut"],
  ECOMM: [70, "failure", "communication error"],
  EPROTO: [71, "failure", "protocol error"],
  EMULTIHOP: [72, "failure", "is on another machine"],
  EBADMSG: [74, "failure", "file system is damaged: bad checksum"],
  EOVERFLOW: [75, "failure", "value too large"],
  ENOTUNIQ: [76, "failure", "name is not unique on the network"],
  EBADFD: [77, "failure", "file is in a bad state"],
  EREMCHG: [78, "failure", "address of the server has changed"],
  ELIBBAD: [80, "failure", "shared library is damaged"],
  EILSEQ: [84, "failure", "characters that the file system does not take"],
  ERESTART: [85, "failure", "interrupted"],
  EUSERS: [87, "failure", "too many users"],
  ENOTSOCK: [88, "failure", "not a socket"],
  EDESTADDRREQ: [89, "failure", "no address"],
  EMSGSIZE: [90, "failure", "message too long"],
  EPROTOTYPE: [91, "failure", "wrong protocol"],
  ENOPROTOOPT: [92, "failure", "protocol not available"],
  EPROTONOSUPPORT: [93, "failure", "protocol not supported"],
  ESOCKTNOSUPPORT: [94, "failure", "kind of socket not supported"],
  EOPNOTSUPP: [95, "failure", "not supported by the file system"],
  EPFNOSUPPORT: [96, "failure", "protocol not supported"],
  EAFNOSUPPORT: [97, "failure", "kind of address not supported"],
  EADDRINUSE: [98, "failure", "address in use"],
  EADDRNOTAVAIL: [99, "failure", "address not available"],
  ENETDOWN: [100, "failure", "network is down"],
  ENETUNREACH: [101, "failure", "network is unreachable"],
  ENETRESET: [102, "failure", "connection was cut by the network"],
  ECONNABORTED: [103, "failure", "connection was broken off"],
  ECONNRESET: [104, "failure", "connection reset"],
  ENOBUFS: [105, "failure", "out of memory"],
  EISCONN: [106, "failure", "connected already"],
  ENOTCONN: [107, "failure", "file system is not connected"],
  ESHUTDOWN: [108, "failure", "file system was shut down"],
  ETIMEDOUT: [110, "failure", "file system did not answer in time"],
  ECONNREFUSED: [111, "failure", "connection refused"],
  EHOSTDOWN: [112, "failure", "server is down"],
  EHOSTUNREACH: [113, "failure", "server is unreachable"],
  EALREADY: [114, "failure", "in progress already"],
  EINPROGRESS: [115, "failure", "in progress"],
  ESTALE: [116, "failure", "file has gone from the server"],
  EUCLEAN: [117, "failure", "file system is damaged"],
  EREMOTEIO: [121, "failure", "input/output error on the server"],
  EDQUOT: [122, "failure", "disk quota exceeded"],
  ENOMEDIUM: [123, "failure", "no medium"],
  EMEDIUMTYPE: [124, "failure", "wrong kind of medium"],
  ECANCELED: [125, "failure", "canceled"],
  ENOKEY: [126, "failure", "encryption key is not there"],
  EKEYEXPIRED: [127, "failure", "key has expired"],
  EKEYREVOKED: [128, "failure", "key was revoked"],
  EKEYREJECTED: [129, "failure", "key was rejected"],
  EOWNERDEAD: [130, "failure", "owner of a lock has ended"],
  ENOTRECOVERABLE: [131, "failure", "state cannot be recovered"],
  EHWPOISON: [133, "failure", "memory is faulty"],
  EBADHANDLE: [521, "failure", "file has gone from the server"],
  ENOTSUPP: [524, "failure", "not supported by the file system"],
  ESERVERFAULT: [526, "failure", "fault of the server"],
  EJUKEBOX: [528, "failure", "temporarily unavailable"],
} as const satisfies Record<string, Row>;

/** POSIX's name of an error in the table. */
export type ErrnoName = keyof typeof TABLE;

/** The numbers by name, for code that compares with them. */
export const Errno = Object.fromEntries(
  Object.entries<Row>(TABLE).map(([name, [number]]) => [name, number]),
) as Readonly<Record<ErrnoName, number>>;

/** Aliases, some of which Deno uses. */
const OTHER_NAMES: Readonly<Record<string, ErrnoName>> = {
  ENOTSUP: "EOPNOTSUPP",
  EWOULDBLOCK: "EAGAIN",
  EDEADLOCK: "EDEADLK",
};

/** The table's name for an error that may be given by an alias. */
export function errnoNameOf(name: string): string {
  return Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name]! : name;
}

const errorsOfNumbers = new Map<number, StorageError>();

/**
 * The storage error of an error number of the system. Each is created once:
 * clients ask for missing files all the time, and capturing a stack costs more
 * than the lookup.
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

/** Like {@linkcode errorOf}, for a name from outside, which may be unknown. */
export function errorOfName(given: string, cause: unknown): StorageError {
  const name = errnoNameOf(given);
  if (Object.hasOwn(TABLE, name)) return errorOfRow(TABLE[name as ErrnoName], cause);
  return new StorageError("failure", `system error ${name}`, { cause });
}

function errorOfRow([, code, reason]: Row, cause?: unknown): StorageError {
  return new StorageError(code, reason, { cause });
}
