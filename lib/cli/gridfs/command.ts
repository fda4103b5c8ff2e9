import { granted } from "../../permissions.ts";
import { serve } from "../../serve/serve.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import type { SessionFacts } from "../../session/observer.ts";
import { print } from "../../transport/stdio.ts";
import { StorageError } from "../../storage/errors.ts";
import { checkGridFs, openGridFs } from "../../storage/gridfs/open.ts";
import { DEFAULT_BUCKET } from "../../storage/gridfs/database/bucket_name.ts";
import type { GridFsOptions } from "../../storage/gridfs/database/options.ts";
import { StartError, UsageError } from "../errors.ts";
import { attend } from "../sessions/attend.ts";
import { type GridFsCommandOptions, gridFsSpec, parseGridFsOptions } from "./options.ts";
import { type MongoPlace, parseMongoUri, requireBucketName, requireDatabaseName } from "./uri.ts";
import type { Identity } from "../start/host.ts";
import { prepareRemoteConfinement } from "../start/remote_confinement.ts";
import { exposure, findSecret } from "../start/secrets.ts";
import { servingOf } from "../options/serving_options.ts";
import { startDirectory } from "../start/start_directory.ts";
import { enterConfinement, warn } from "../start/start_log.ts";
import { runRemoteSession } from "../remote_session.ts";
import { runSubcommand } from "../subcommand.ts";
import { expandTokens } from "../options/tokens.ts";

/** Runs `sftpwrap gridfs`, and returns its exit status. */
export async function gridFsCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, { spec: gridFsSpec, parse: parseGridFsOptions, run, help });
}

async function help({ hooks }: GridFsCommandOptions): Promise<number> {
  return await (await import("../hooks/helper_process.ts")).help(hooks);
}

async function run(parsed: GridFsCommandOptions): Promise<number> {
  return await runRemoteSession(parsed, async ({ options, who, session, log }) => {
    const { place, bucket } = bucketOf(options, { who, log });
    return options.check
      ? await checkBucket(place, bucket, options)
      : await serveFrom(place, bucket, options, { who, session, log });
  });
}

/** The bucket that the options name, with its password. */
export function bucketOf(
  options: GridFsCommandOptions,
  { who, log }: { readonly who: Identity; readonly log: Log },
): { readonly place: MongoPlace; readonly bucket: GridFsOptions } {
  const place = placeOf(options);
  const password = findSecret({
    what: "password",
    file: options.passwordFile,
    variable: "SFTPWRAP_PASSWORD",
  });
  warn(log, warnings(options));
  return { place, bucket: bucketOptions(place, { who, password }, options) };
}

function placeOf({ place, uriFile }: GridFsCommandOptions): MongoPlace {
  const variable = "SFTPWRAP_MONGODB_URI";
  const uri = findSecret({ what: "URI", given: place?.uri, file: uriFile, variable });
  if (place !== undefined) return place;
  if (uri === undefined) throw new UsageError("MONGODB-URI is missing");
  try {
    return parseMongoUri(uri);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new StartError(`${uriFile ?? variable}: ${error.message}`);
  }
}

function* warnings(options: GridFsCommandOptions): Iterable<string> {
  const { place, uriFile, passwordFile } = options;
  if (place?.hasSecret) {
    yield "others on this machine can see a password on the command line: use --uri-file";
  }
  for (const file of [uriFile, passwordFile]) {
    const reason = file === undefined ? undefined : exposure(file);
    if (reason !== undefined) yield reason;
  }
}

function bucketOptions(
  place: MongoPlace,
  { who, password }: { readonly who: Identity; readonly password: string | undefined },
  { database, bucket, umask }: GridFsCommandOptions,
): GridFsOptions {
  const { user } = place;
  if (password !== undefined && user === undefined) {
    throw new StartError("there is a password, but the URI names no user (mongodb://USER@HOST/)");
  }
  const inDatabase = expanded(database, who, requireDatabaseName);
  return {
    database: inDatabase,
    bucket: expanded(bucket, who, (name) => requireBucketName(name, inDatabase)),
    umask,
    ...password === undefined || user === undefined
      ? {}
      : { credentials: { username: user, password } },
    uid: who.uid,
    gid: granted({ name: "sys", kind: "gid" }) ? Deno.gid() ?? undefined : undefined,
  };
}

/** The name with its tokens expanded, if the result is still a name. */
function expanded(
  name: string | undefined,
  who: Identity,
  requireName: (name: string) => void,
): string | undefined {
  if (name === undefined) return undefined;
  const whole = expandTokens(name, who);
  requireName(whole);
  return whole;
}

async function checkBucket(
  { uri, hosts }: MongoPlace,
  bucket: GridFsOptions,
  { readOnly }: GridFsCommandOptions,
): Promise<number> {
  const findings = await refused(checkGridFs(uri, { ...bucket, mend: !readOnly }), hosts);
  for (const { kind, what, mended } of findings) {
    // Another program's name may contain anything; a terminal must not obey it.
    print(`${mended ? "mended" : "found"}: ${kind} ${JSON.stringify(what)}\n`);
  }
  if (findings.length === 0) print("nothing to mend\n");
  return findings.every(({ mended }) => mended) ? 0 : 1;
}

async function serveFrom(
  { uri, hosts, database }: MongoPlace,
  bucket: GridFsOptions,
  options: GridFsCommandOptions,
  { who, session, log }: {
    readonly who: Identity;
    readonly session: SessionFacts;
    readonly log: Log;
  },
): Promise<number> {
  const serves = {
    gridfs: `${hosts}/${bucket.database ?? database}/${bucket.bucket ?? DEFAULT_BUCKET}`,
  };
  const attendance = await attend(options, { who, session, serves });
  const { hooks: plan, logUser, logHash } = options;
  const hooks = plan && (await import("../hooks/session.ts"))
    .startHooks(plan, { session, logUser, logHash, directory: undefined, who, log });
  const { drops, beforePublish } = hooks ?? {};
  const storage = await refused(
    openGridFs(uri, {
      ...bucket,
      beforePublish,
      log: (line) => log.write(LogLevel.INFO, line),
    }),
    hosts,
  );
  const wanted = expandTokens(options.startDirectory ?? "/", who);
  const start = await startDirectory(storage, wanted, log);
  const serving = servingOf(options, attendance);
  const confinement = prepareRemoteConfinement({ network: true, drops });
  enterConfinement(confinement, log);
  log.write(LogLevel.INFO, `connected to ${hosts}`);
  return await serve(storage, {
    log,
    ...serving,
    ...hooks?.serving,
    startDirectory: start,
    ...session,
    serves,
    // What the driver waits for is unknown here, and this thread must not keep it waiting.
    transport: confinement.prompt({ isIdle: () => false }),
    // Never resolves: a database that is away may come back.
    failed: new Promise<string>(() => {}),
  });
}

async function refused<T>(answer: Promise<T>, hosts: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StorageError) throw new StartError(`${hosts}: ${error.message}`);
    throw error;
  }
}
