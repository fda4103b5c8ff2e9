import { StorageError, type StorageErrorCode } from "../storage/errors.ts";
import { StatusCode } from "../wire/constants.ts";
import type { StatusReply } from "../wire/replies.ts";

/** OpenSSH's fixed texts, by status code. */
const TEXTS: readonly string[] = [
  "Success",
  "End of file",
  "No such file",
  "Permission denied",
  "Failure",
  "Bad message",
  "No connection",
  "Connection lost",
  "Operation unsupported",
];

const STATUS_OF: Readonly<Record<StorageErrorCode, number>> = {
  "not-found": StatusCode.NO_SUCH_FILE,
  "denied": StatusCode.PERMISSION_DENIED,
  "invalid": StatusCode.BAD_MESSAGE,
  "unsupported": StatusCode.OP_UNSUPPORTED,
  "failure": StatusCode.FAILURE,
};

/** A status with OpenSSH's text for it. */
export function status(code: number): StatusReply {
  return { code, message: TEXTS[code] ?? "Unknown error" };
}

/** The answer to a failed operation; anything but a `StorageError` is a bug and says nothing. */
export function statusOf(error: unknown): StatusReply {
  if (!(error instanceof StorageError)) return status(StatusCode.FAILURE);
  const fixed = status(error.status ?? STATUS_OF[error.code]);
  if (error.text !== undefined) return { code: fixed.code, message: error.text };
  const told = fixed.code === StatusCode.FAILURE && error.message !== "";
  return told ? { code: fixed.code, message: `${fixed.message}: ${error.message}` } : fixed;
}
