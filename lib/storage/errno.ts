/**
 * The system's errors as storage errors: one table, by name (from Deno's own
 * file API, and for storages that emulate a file system) and by number (from
 * FFI, see `lib/linux/errno.ts`). Each error gets the code that OpenSSH gives
 * it, which clients know.
 *
 * @module
 */

import { StorageError, type StorageErrorCode } from "./errors.ts";
import { Errno, type ErrnoName } from "../linux/errno.ts";

/** An error's code and its reason. */
type Row = readonly [code: StorageErrorCode, reason: string];

const TABLE: Readonly<Record<ErrnoName, Row>> = {
  EPERM: ["denied", "operation not permitted"],
  ENOENT: ["not-found", "no such file"],
  ESRCH: ["failure", "no such process"],
  EINTR: ["failure", "interrupted"],
  EIO: ["failure", "input/output error"],
  ENXIO: ["failure", "not a regular file"],
  E2BIG: ["failure", "too long"],
  ENOEXEC: ["failure", "not a program"],
  EBADF: ["not-found", "not open for this"],
  ECHILD: ["failure", "no such process"],
  EAGAIN: ["failure", "temporarily unavailable"],
  ENOMEM: ["failure", "out of memory"],
  EACCES: ["denied", "permission denied"],
  EFAULT: ["denied", "bad address"],
  ENOTBLK: ["failure", "not a block device"],
  EBUSY: ["failure", "in use by the system"],
  EEXIST: ["failure", "file exists"],
  EXDEV: ["failure", "on another file system"],
  ENODEV: ["failure", "no such device"],
  ENOTDIR: ["not-found", "not a directory"],
  EISDIR: ["failure", "is a directory"],
  EINVAL: ["invalid", "invalid argument"],
  ENFILE: ["failure", "too many open files on the system"],
  EMFILE: ["failure", "too many open files"],
  ENOTTY: ["failure", "not possible for this kind of file"],
  ETXTBSY: ["failure", "program is running"],
  EFBIG: ["failure", "file too large"],
  ENOSPC: ["failure", "no space left on device"],
  ESPIPE: ["failure", "not possible for a pipe"],
  EROFS: ["failure", "read-only file system"],
  EMLINK: ["failure", "too many links"],
  EPIPE: ["failure", "broken pipe"],
  EDOM: ["failure", "value out of range"],
  ERANGE: ["failure", "value out of range"],
  EDEADLK: ["failure", "a deadlock was avoided"],
  ENAMETOOLONG: ["invalid", "name too long"],
  ENOLCK: ["failure", "no locks available"],
  ENOSYS: ["unsupported", "not available on this system"],
  ENOTEMPTY: ["failure", "directory not empty"],
  ELOOP: ["not-found", "too many links to follow"],
  EIDRM: ["failure", "has been removed"],
  EBADE: ["failure", "invalid exchange with the server"],
  EBADR: ["failure", "invalid request to the server"],
  ENODATA: ["failure", "no data available"],
  ETIME: ["failure", "timer expired"],
  ENONET: ["failure", "not on the network"],
  ENOPKG: ["failure", "a part of the system is not installed"],
  EREMOTE: ["failure", "is on another machine"],
  ENOLINK: ["failure", "connection to the server is cut"],
  ECOMM: ["failure", "communication error"],
  EPROTO: ["failure", "protocol error"],
  EMULTIHOP: ["failure", "is on another machine"],
  EBADMSG: ["failure", "file system is damaged: bad checksum"],
  EOVERFLOW: ["failure", "value too large"],
  ENOTUNIQ: ["failure", "name is not unique on the network"],
  EBADFD: ["failure", "file is in a bad state"],
  EREMCHG: ["failure", "address of the server has changed"],
  ELIBBAD: ["failure", "shared library is damaged"],
  EILSEQ: ["failure", "characters that the file system does not take"],
  ERESTART: ["failure", "interrupted"],
  EUSERS: ["failure", "too many users"],
  ENOTSOCK: ["failure", "not a socket"],
  EDESTADDRREQ: ["failure", "no address"],
  EMSGSIZE: ["failure", "message too long"],
  EPROTOTYPE: ["failure", "wrong protocol"],
  ENOPROTOOPT: ["failure", "protocol not available"],
  EPROTONOSUPPORT: ["failure", "protocol not supported"],
  ESOCKTNOSUPPORT: ["failure", "kind of socket not supported"],
  EOPNOTSUPP: ["failure", "not supported by the file system"],
  EPFNOSUPPORT: ["failure", "protocol not supported"],
  EAFNOSUPPORT: ["failure", "kind of address not supported"],
  EADDRINUSE: ["failure", "address in use"],
  EADDRNOTAVAIL: ["failure", "address not available"],
  ENETDOWN: ["failure", "network is down"],
  ENETUNREACH: ["failure", "network is unreachable"],
  ENETRESET: ["failure", "connection was cut by the network"],
  ECONNABORTED: ["failure", "connection was broken off"],
  ECONNRESET: ["failure", "connection reset"],
  ENOBUFS: ["failure", "out of memory"],
  EISCONN: ["failure", "connected already"],
  ENOTCONN: ["failure", "file system is not connected"],
  ESHUTDOWN: ["failure", "file system was shut down"],
  ETIMEDOUT: ["failure", "file system did not answer in time"],
  ECONNREFUSED: ["failure", "connection refused"],
  EHOSTDOWN: ["failure", "server is down"],
  EHOSTUNREACH: ["failure", "server is unreachable"],
  EALREADY: ["failure", "in progress already"],
  EINPROGRESS: ["failure", "in progress"],
  ESTALE: ["failure", "file has gone from the server"],
  EUCLEAN: ["failure", "file system is damaged"],
  EREMOTEIO: ["failure", "input/output error on the server"],
  EDQUOT: ["failure", "disk quota exceeded"],
  ENOMEDIUM: ["failure", "no medium"],
  EMEDIUMTYPE: ["failure", "wrong kind of medium"],
  ECANCELED: ["failure", "canceled"],
  ENOKEY: ["failure", "encryption key is not there"],
  EKEYEXPIRED: ["failure", "key has expired"],
  EKEYREVOKED: ["failure", "key was revoked"],
  EKEYREJECTED: ["failure", "key was rejected"],
  EOWNERDEAD: ["failure", "owner of a lock has ended"],
  ENOTRECOVERABLE: ["failure", "state cannot be recovered"],
  EHWPOISON: ["failure", "memory is faulty"],
  EBADHANDLE: ["failure", "file has gone from the server"],
  ENOTSUPP: ["failure", "not supported by the file system"],
  ESERVERFAULT: ["failure", "fault of the server"],
  EJUKEBOX: ["failure", "temporarily unavailable"],
};

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

const NAMES = Object.keys(Errno) as ErrnoName[];
const errorsOfNumbers = new Map<number, StorageError>();

/**
 * The storage error of an error number of the system. Each is created once:
 * clients ask for missing files all the time, and capturing a stack costs more
 * than the lookup.
 */
export function errorOfNumber(number: number): StorageError {
  let error = errorsOfNumbers.get(number);
  if (error === undefined) {
    const name = NAMES.find((known) => Errno[known] === number);
    error = errorOfRow(name === undefined ? ["failure", `system error ${number}`] : TABLE[name]);
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

function errorOfRow([code, reason]: Row, cause?: unknown): StorageError {
  return new StorageError(code, reason, { cause });
}
