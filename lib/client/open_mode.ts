import type { FileAttrs } from "../attrs.ts";
import { OpenFlag } from "../wire/constants.ts";

/** How to open a file: SFTP's `pflags` by name, sent as they are. */
export interface OpenMode {
  /** To read. */
  readonly read?: boolean | undefined;
  /** To write. */
  readonly write?: boolean | undefined;
  /** Every write is appended. */
  readonly append?: boolean | undefined;
  /** Make the file where there is none. */
  readonly create?: boolean | undefined;
  /** Cut the file to length 0. */
  readonly truncate?: boolean | undefined;
  /** With `create`: fail where there is a file. */
  readonly exclusive?: boolean | undefined;
  /** Attributes for a file that is made. */
  readonly attrs?: FileAttrs | undefined;
}

/** The bits of OPEN's `pflags`. */
export function openFlags(mode: OpenMode): number {
  return (mode.read ? OpenFlag.READ : 0) |
    (mode.write ? OpenFlag.WRITE : 0) |
    (mode.append ? OpenFlag.APPEND : 0) |
    (mode.create ? OpenFlag.CREAT : 0) |
    (mode.truncate ? OpenFlag.TRUNC : 0) |
    (mode.exclusive ? OpenFlag.EXCL : 0);
}
