/**
 * The failures of a file system under POSIX's names for them. Which code each
 * becomes is OpenSSH's choice, which clients know.
 *
 * @module
 */

import { StorageError, type StorageErrorCode } from "../errors.ts";

const FAULTS = {
  EBADF: ["not-found", "not open for this"],
  EBUSY: ["failure", "in use by the system"],
  EEXIST: ["failure", "file exists"],
  EINVAL: ["invalid", "invalid argument"],
  EISDIR: ["failure", "is a directory"],
  ELOOP: ["not-found", "too many links to follow"],
  ENAMETOOLONG: ["invalid", "name too long"],
  ENOENT: ["not-found", "no such file"],
  ENOSPC: ["failure", "no space left on device"],
  ENOTDIR: ["not-found", "not a directory"],
  ENOTEMPTY: ["failure", "directory not empty"],
  EPERM: ["denied", "operation not permitted"],
} as const satisfies Record<string, readonly [StorageErrorCode, string]>;

/** The error of a failure, to be thrown. */
export function fault(name: keyof typeof FAULTS): StorageError {
  const [code, reason] = FAULTS[name];
  return new StorageError(code, reason);
}
