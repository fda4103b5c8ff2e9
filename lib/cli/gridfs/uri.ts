import { problemWithBucketName } from "../../storage/gridfs/database/bucket_name.ts";
import { UsageError } from "../errors.ts";
import { parsePort } from "../proxy/destination.ts";

/** Where a database is. */
export interface MongoPlace {
  /** The whole URI; it may contain secrets. */
  readonly uri: string;
  /** Its hosts in a form that may be shown. */
  readonly hosts: string;
  /** The database that it names, decoded; MongoDB's default if it names none. */
  readonly database: string;
  /** The user's name, decoded. */
  readonly user: string | undefined;
  /** Whether the URI contains a password, or something else that other users should not see. */
  readonly hasSecret: boolean;
}

const URI = /^mongodb(?:\+srv)?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^@/?#]*))?(?:\?([^@]*))?$/;
const HOST = /^(?:\[[\da-f:.%]+\]|[\w.-]+|[\w.-]*%2f[\w.%-]+)(?::\d+)?$/i;
const SECRET_OPTION = /(?:password|token|authMechanismProperties)[^=&]*=/i;

/**
 * Reads `mongodb://…` or `mongodb+srv://…`, as far as this program needs it; the driver reads the
 * rest.
 *
 * @throws {UsageError} If it is neither. The message repeats nothing of it, because it may contain
 * a password.
 */
export function parseMongoUri(uri: string): MongoPlace {
  const match = URI.exec(uri);
  const [, userInfo, hosts = "", path = "", options = ""] = match ?? [];
  if (match === null || !hosts.split(",").every((host) => HOST.test(host))) {
    throw new UsageError(
      "MONGODB-URI is not mongodb://[USER[:PASSWORD]@]HOST[:PORT][,…]/[DATABASE][?OPTIONS] " +
        '(in names and passwords, "@" is %40, ":" is %3A and "/" is %2F)',
    );
  }
  const database = decoded(path);
  requireDatabaseName(database);
  const [user = "", password] = userInfo?.split(":", 2) ?? [];
  return {
    uri,
    hosts,
    database: database || "test",
    user: user === "" ? undefined : decoded(user),
    hasSecret: password !== undefined || SECRET_OPTION.test(options),
  };
}

/**
 * The place at a host and port.
 *
 * @throws {UsageError} If the host or the port is not valid.
 */
export function mongoPlaceAt(host: string, port: string): MongoPlace {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  if (!HOST.test(name) || /[%:]/.test(name.replace(/^\[.*\]$/, ""))) {
    throw new UsageError(`"${host}" is not a host`);
  }
  return parseMongoUri(`mongodb://${name}:${parsePort(port)}/`);
}

/**
 * @throws {UsageError} If MongoDB does not allow a database with this name; an empty name is the
 * default.
 */
export function requireDatabaseName(name: string): void {
  if (/[\0/\\. "$*<>:|?]/.test(name) || new TextEncoder().encode(name).length > 63) {
    throw new UsageError("the name of the database is not one that MongoDB allows");
  }
}

/**
 * @param database The database of the bucket, where it is known.
 * @throws {UsageError} If MongoDB does not allow collections with this name.
 */
export function requireBucketName(name: string, database?: string): void {
  const problem = problemWithBucketName(name, database);
  if (problem !== undefined) {
    throw new UsageError(`"${name}" cannot be the name of a bucket: ${problem}`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new UsageError("MONGODB-URI has a % that is not followed by two hexadecimal digits");
  }
}
