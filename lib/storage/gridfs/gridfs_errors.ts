import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from "mongodb";
import { StorageError } from "../errors.ts";

/** Milliseconds for which what failed with the connection is tried again. */
const PATIENCE = 10_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

/** What a socket fails with that has ended; which of them, differs between Deno's versions. */
const SOCKET_ERRORS: ReadonlySet<unknown> = new Set([
  "EBADF",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTCONN",
  "EPIPE",
  "ETIMEDOUT",
]);

const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const DUPLICATE_KEY = 11000;
const OUT_OF_DISK_SPACE = 14031;

/**
 * Throws what an operation on the database failed with as a failure of the
 * storage. Its reason names neither a host nor a secret; the driver's own error
 * is the cause.
 */
export function fail(error: unknown): never {
  if (!isOfDatabase(error)) throw error;
  const inner = unwrap(error);
  const denied = inner instanceof MongoServerError && inner.code === UNAUTHORIZED;
  throw new StorageError(denied ? "denied" : "failure", reasonOf(inner), { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof MongoServerSelectionError) return "the database does not answer";
  if (isConnectionLost(error)) return "the connection to the database was lost";
  if (!(error instanceof MongoServerError)) return "the database cannot be used";
  switch (error.code) {
    case UNAUTHORIZED:
      return "the database does not allow this";
    case AUTHENTICATION_FAILED:
      return "the database refused the credentials";
    case OUT_OF_DISK_SPACE:
      return "no space left in the database";
    default:
      return `the database failed with code ${error.code}`;
  }
}

/** Whether the connection broke; the driver lets some errors of the socket through as they are. */
function isConnectionLost(error: unknown): boolean {
  const inner = unwrap(error);
  if (inner instanceof MongoNetworkError) return true;
  return inner instanceof Error && "code" in inner && SOCKET_ERRORS.has(inner.code);
}

/** What a request of several changes failed with as a whole, if it did. */
function unwrap(error: unknown): unknown {
  const inner: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  return inner instanceof Error ? inner : error;
}

/** Whether it was the database that failed, and no mistake of ours. */
export function isOfDatabase(error: unknown): boolean {
  return error instanceof MongoError || isConnectionLost(error);
}

/** Whether something with that key is there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Whether all that failed of several inserts was there already. */
export function areDuplicates(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return false;
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors.length > 0 && errors.every(({ code }) => code === DUPLICATE_KEY);
}

/**
 * Does what may be done twice, again where the connection broke, for a while:
 * the driver itself repeats writes only on deployments that remember them, and
 * waits only for a server that it knows to be away.
 */
export async function persistently<T>(work: (again: boolean) => Promise<T>): Promise<T> {
  let waited = 0;
  for (let pause = FIRST_PAUSE;; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
    try {
      return await work(waited > 0);
    } catch (error) {
      if (waited >= PATIENCE || !isConnectionLost(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    waited += pause;
  }
}
