/** What went wrong, as far as a client can tell; each maps to one `SSH_FX_*` code. */
export type StorageErrorCode =
  /** `SSH_FX_NO_SUCH_FILE` */
  | "not-found"
  /** `SSH_FX_PERMISSION_DENIED` */
  | "denied"
  /** `SSH_FX_BAD_MESSAGE`: the request itself makes no sense, like POSIX's EINVAL. */
  | "invalid"
  /** `SSH_FX_OP_UNSUPPORTED` */
  | "unsupported"
  /** `SSH_FX_FAILURE`: anything else; the client is told the reason. */
  | "failure";

/** What a {@linkcode StorageError} may carry besides its code and reason. */
export interface StorageErrorOptions extends ErrorOptions {
  /** The `SSH_FX_*` code to answer, if a request defines one or the far side sent one. */
  readonly status?: number;
  /** The whole STATUS text to answer, if the far side sent one. */
  readonly text?: string;
}

/**
 * A failed operation. The client is told its code and, for `failure`, its
 * reason, so a reason never names a path of the host.
 *
 * @example
 * ```ts
 * import { StorageError } from "./errors.ts";
 *
 * throw new StorageError("failure", "directory not empty");
 * ```
 */
export class StorageError extends Error {
  /** `StorageError` */
  override readonly name = "StorageError";
  /** The `SSH_FX_*` code to answer instead of the one that `code` maps to. */
  readonly status: number | undefined;
  /** The STATUS text to answer instead of the one made from code and reason. */
  readonly text: string | undefined;

  /**
   * Creates an error to throw when an operation fails.
   *
   * @param code What kind of failure it is.
   * @param reason Why, in lower case and without a host path; empty if the code says everything.
   * @param options A cause, or the far side's own status and text.
   */
  constructor(
    /** What kind of failure it is. */
    readonly code: StorageErrorCode,
    reason = "",
    options: StorageErrorOptions = {},
  ) {
    super(reason, options);
    this.status = options.status;
    this.text = options.text;
  }
}

/** The error of an operation that a storage does not support. */
export function unsupported(what: string): StorageError {
  return new StorageError("unsupported", `${what} is not supported`);
}

/** The system's error for a size or position beyond any file: EINVAL from 2^63 on, EFBIG below. */
export function beyondAnyFile(bytes: number): StorageError {
  return bytes >= 2 ** 63
    ? new StorageError("invalid", "value out of range")
    : new StorageError("failure", "file too large");
}
