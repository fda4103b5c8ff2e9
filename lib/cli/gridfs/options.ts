import type { CommandSpec, OptionSpec, ParsedArgs } from "../options/args.ts";
import { UsageError } from "../errors.ts";
import {
  type MongoPlace,
  mongoPlaceAt,
  parseMongoUri,
  requireBucketName,
  requireDatabaseName,
} from "./uri.ts";
import { parseSession, type ServingOptions, sessionSpecs } from "../options/serving_options.ts";

/** The parsed command line of `sftpwrap gridfs`. */
export interface GridFsCommandOptions extends ServingOptions {
  /** Absent if a file or a variable provides it. */
  readonly place: MongoPlace | undefined;
  readonly uriFile: string | undefined;
  readonly passwordFile: string | undefined;
  readonly database: string | undefined;
  readonly bucket: string | undefined;
  /** Check the bucket, instead of serving. */
  readonly check: boolean;
}

const own: readonly OptionSpec[] = [
  { name: "bucket", value: "NAME", help: "the bucket (default fs); %u is the user" },
  {
    name: "database",
    value: "NAME",
    help: "the database (default: the URI's, or test); %u is the user",
  },
  { name: "uri-file", value: "FILE", help: "the URI is the first line of FILE" },
  { name: "password-file", value: "FILE", help: "the password is the first line of FILE" },
  { name: "check", help: "find and repair what crashes left; with --read-only, only find it" },
];

/** The command line of `sftpwrap gridfs`. */
export const gridFsSpec: CommandSpec = {
  name: "gridfs",
  forms: ["[options] MONGODB-URI", "[options] HOST PORT DATABASE", "[options]"],
  about: `
Serves SFTP on standard input and output; the files live in GridFS, in a
MongoDB database. The options of the URI are those of MongoDB's driver. Others
on this machine can see a password on the command line: --uri-file and
--password-file do not show it, nor do the variables SFTPWRAP_MONGODB_URI, which
is the URI if none is given, and SFTPWRAP_PASSWORD.
`,
  options: sessionSpecs(own),
};

/**
 * Parses what follows `sftpwrap gridfs`.
 *
 * @returns The options, or what to print instead of serving.
 * @throws {UsageError} If the command line cannot be understood; the message contains no password.
 */
export function parseGridFsOptions(
  args: readonly string[],
): GridFsCommandOptions | { readonly print: string } {
  return parseSession(args, gridFsSpec, ownOptions);
}

function ownOptions({ values, switches, operands }: ParsedArgs) {
  const { place, database } = placeOf(operands);
  const uriFile = values.get("uri-file");
  if (place !== undefined && uriFile !== undefined) {
    throw new UsageError("both --uri-file and a place on the command line are given");
  }
  const named = values.get("database");
  if (database !== undefined && named !== undefined) {
    throw new UsageError("both --database and DATABASE are given");
  }
  const bucket = values.get("bucket");
  if (bucket !== undefined) requireBucketName(bucket);
  if (named !== undefined) requireDatabaseName(named);
  return {
    place,
    uriFile,
    passwordFile: values.get("password-file"),
    database: named ?? database,
    bucket,
    check: switches.has("check"),
  };
}

interface Operands {
  readonly place: MongoPlace | undefined;
  readonly database?: string;
}

/** The message repeats no operand: a password may be among them. */
function placeOf(operands: readonly string[]): Operands {
  const [first, port, database] = operands;
  if (first === undefined) return { place: undefined };
  if (port === undefined) return { place: parseMongoUri(first) };
  if (database === undefined || operands.length > 3) {
    throw new UsageError("the place is either MONGODB-URI or HOST PORT DATABASE");
  }
  requireDatabaseName(database);
  return { place: mongoPlaceAt(first, port), database };
}
