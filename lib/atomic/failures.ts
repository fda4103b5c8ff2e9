import { StorageError } from "../storage/errors.ts";

/** Whether something was not found. */
export function isNotFound(failure: unknown): boolean {
  return failure instanceof StorageError && failure.code === "not-found";
}

/** Whether something is not permitted. */
export function isDenied(failure: unknown): boolean {
  return failure instanceof StorageError && failure.code === "denied";
}

/** The value if something was not found; any other failure is thrown. */
export function ifNotFound<T>(failure: unknown, value: T): T {
  if (isNotFound(failure)) return value;
  throw failure;
}

/** For what is done as far as it can be; a bug is thrown. */
export function ignored(failure: unknown): void {
  if (!(failure instanceof StorageError)) throw failure;
}
