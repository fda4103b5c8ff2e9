import {
  MongoBulkWriteError,
  MongoCompatibilityError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from "mongodb";
import { StorageError } from "../../errors.ts";

/** What an operation on a closed socket fails with; which of them depends on Deno's version. */
const SOCKET_ERRORS: ReadonlySet<unknown> = new Set([
  "EBADF",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTCONN",
  "EPIPE",
  "ETIMEDOUT",
]);

/** The code for what the user, or a client without credentials, may not do. */
export const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const DUPLICATE_KEY = 11000;
const OUT_OF_DISK_SPACE = 14031;

/** The outcome of an operation is unknown: no answer came in time. */
export class Silence extends Error {
  override readonly name = "Silence";

  constructor(options?: ErrorOptions) {
    super("the database does not answer", options);
  }
}

/**
 * Rethrows the failure of a database operation as a failure of the storage. The reason names
 * neither a host nor a secret; the driver's own error is the cause.
 */
export function fail(error: unknown): never {
  if (!isOfDatabase(error)) throw error;
  const inner = unwrap(error);
  const denied = inner instanceof MongoServerError && inner.code === UNAUTHORIZED;
  throw new StorageError(denied ? "denied" : "failure", reasonOf(inner), { cause: error });
}

function reasonOf(error: unknown): string {
  const doubt = doubtOfCertificate(error);
  if (doubt !== undefined) return `the database's certificate cannot be verified (${doubt})`;
  const age = ageOf(error);
  if (age !== undefined) return age;
  if (isOfNames(error)) return `its SRV and TXT records cannot be looked up (${error.code})`;
  if (isAway(error)) return "the database does not answer";
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

/**
 * Why TLS did not accept the server's certificate, as Node's code or, up to Deno 2.6, in rustls's
 * words.
 */
function doubtOfCertificate(error: unknown): string | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const word = "code" in inner && /^\w*(?:CERT|SIGN)\w*$/.exec(String(inner.code))?.[0] ||
      /^invalid peer certificate: (\w+)/.exec(inner.message)?.[1];
    if (word !== undefined) return word;
  }
  return undefined;
}

/** What is wrong with a server that does not support the driver's protocol versions. */
function ageOf(error: unknown): string | undefined {
  for (const inner of allOf(error)) {
    if (!(inner instanceof MongoCompatibilityError)) continue;
    const [, kind, version] = /reports (m\w+) wire version (\d+)/.exec(inner.message) ?? [];
    return kind === "minimum"
      ? `the database is too new for this driver (wire version ${version})`
      : `the database is older than MongoDB 4.4 (wire version ${version ?? 0})`;
  }
  return undefined;
}

/** An error with everything it comes from: its causes, and the error of each server. */
function* allOf(error: unknown): Generator<unknown> {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    yield inner;
    if (!(inner instanceof MongoServerSelectionError)) continue;
    for (const { error } of inner.reason?.servers.values() ?? []) yield error;
  }
}

/** Whether name resolution failed, before any server was known. */
function isOfNames(error: unknown): error is Error & { readonly code: unknown } {
  return error instanceof Error && "code" in error && "syscall" in error &&
    /^query(?:Srv|Txt)$/.test(String(error.syscall));
}

/**
 * Whether no server was found in time, or none answered; a server that cannot be trusted is not
 * away.
 */
export function isAway(error: unknown): boolean {
  if (doubtOfCertificate(error) !== undefined || ageOf(error) !== undefined) return false;
  return error instanceof MongoServerSelectionError ||
    // An operation fails with this while it waits and another one gives up.
    error instanceof MongoTopologyClosedError || error instanceof Silence;
}

/** Whether the connection broke; the driver passes some socket errors through unchanged. */
export function isConnectionLost(error: unknown): boolean {
  const inner = unwrap(error);
  if (inner instanceof MongoNetworkError) return true;
  if (isOfNames(inner)) return false;
  return inner instanceof Error && "code" in inner && SOCKET_ERRORS.has(inner.code);
}

/** The error of a request of several changes as a whole, if it has one. */
function unwrap(error: unknown): unknown {
  const inner: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  return inner instanceof Error ? inner : error;
}

/** Whether the database failed, and not our own code. */
export function isOfDatabase(error: unknown): boolean {
  return error instanceof MongoError || error instanceof Silence || isConnectionLost(error) ||
    isOfNames(error);
}

/** Whether the database answered with a refusal; the caller can then look at what was refused. */
export function isAnswer(error: unknown): boolean {
  return error instanceof MongoServerError && !(error instanceof MongoWriteConcernError) &&
    !isConnectionLost(error);
}

/** Whether a document with that key already exists. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Whether every failed insert of several failed because its document already exists. */
export function areDuplicates(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return false;
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors.length > 0 && errors.every(({ code }) => code === DUPLICATE_KEY);
}
