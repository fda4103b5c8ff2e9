import type { FileAttrs, OpenOptions, VirtualPath } from "../storage/storage.ts";

/**
 * What a request is about, as data: what of it is present depends on the
 * request. The log's lines, the audit log and hooks are all made of this.
 */
export interface Facts {
  /** The path; for a request on a handle, the one that the handle was opened by. */
  readonly path?: VirtualPath | undefined;
  /** The second path: of RENAME and of links to files the new one, of copy-data the target. */
  readonly to?: VirtualPath | undefined;
  /** SYMLINK: the text of the link, unchanged. */
  readonly target?: string | undefined;
  /** expand-path, home-directory, and what is not known here: the text that was sent. */
  readonly text?: string | undefined;
  /** OPEN: how. */
  readonly options?: OpenOptions | undefined;
  /** OPEN: the bits of `OpenFlag` that were sent. */
  readonly pflags?: number | undefined;
  /** OPEN, MKDIR, SETSTAT and its kin: the attributes that were sent. */
  readonly attrs?: FileAttrs | undefined;
  /** READ, WRITE, copy-data: bytes from the file's beginning. */
  readonly offset?: number | undefined;
  /** READ, WRITE, copy-data: bytes; copy-data's 0 is all up to the end. */
  readonly length?: number | undefined;
  /** WRITE: the bytes themselves, lent until the request has been answered. */
  readonly data?: Uint8Array | undefined;
  /** copy-data: bytes from the beginning of the target. */
  readonly targetOffset?: number | undefined;
  /** users-groups-by-id: numbers of users. */
  readonly uids?: readonly number[] | undefined;
  /** users-groups-by-id: numbers of groups. */
  readonly gids?: readonly number[] | undefined;
  /** CLOSE: what the handle is open on. */
  readonly kind?: "file" | "directory" | undefined;
  /** CLOSE of a file: bytes that were read by this handle. */
  readonly bytesRead?: number | undefined;
  /** CLOSE of a file: bytes that were written by this handle. */
  readonly bytesWritten?: number | undefined;
  /** CLOSE of a file: milliseconds since it was opened. */
  readonly openFor?: number | undefined;
}

/** What a request has brought, where it succeeded. */
export interface Findings {
  /** READ, WRITE: bytes that were moved; 0 where READ is at the end. */
  readonly bytes?: number | undefined;
  /** READDIR: entries that were found; 0 at the end. */
  readonly entries?: number | undefined;
  /** STAT, LSTAT, FSTAT: the attributes. */
  readonly attrs?: FileAttrs | undefined;
  /** CLOSE of a file that was written, where it is wanted: its size in bytes. */
  readonly size?: number | undefined;
  /** CLOSE of such a file: the hash of its content, if it was written in order. */
  readonly digest?: { readonly algorithm: string; readonly hex: string } | undefined;
  /** CLOSE of such a file: why it has no digest. */
  readonly unhashed?: string | undefined;
  /** REALPATH, READLINK, expand-path, home-directory: the name. */
  readonly name?: string | undefined;
}
