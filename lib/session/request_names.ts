/**
 * The names of all requests, as `-P`, `-p` and `-Q` know them: first those of SFTP version 3, then
 * extensions, each in the order in which OpenSSH lists them. A command line is understood by the
 * names alone, before anything is loaded that serves requests.
 */
export const requestNames = [
  "open",
  "close",
  "read",
  "write",
  "lstat",
  "fstat",
  "setstat",
  "fsetstat",
  "opendir",
  "readdir",
  "remove",
  "mkdir",
  "rmdir",
  "realpath",
  "stat",
  "rename",
  "readlink",
  "symlink",
  "posix-rename",
  "statvfs",
  "fstatvfs",
  "hardlink",
  "fsync",
  "lsetstat",
  "limits",
  "expand-path",
  "copy-data",
  "home-directory",
  "users-groups-by-id",
  "check-file-handle",
  "check-file-name",
  "check-file",
] as const;

/** The name of a request. */
export type RequestName = typeof requestNames[number];

/** Whether a request has this name. */
export function isRequestName(name: string): name is RequestName {
  return (requestNames as readonly string[]).includes(name);
}
